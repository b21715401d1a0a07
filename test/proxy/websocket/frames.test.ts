/** The frame tracker finds the boundaries of WebSocket frames, however the bytes are split. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeFrame, createFrameTracker } from '../../../src/proxy/websocket/frames.ts';
import { fc } from '../../support/properties.ts';

/** Returns a frame with `size` bytes of payload, in the shortest form (RFC 6455 section 5.2). */
function frame(opcode: number, size: number, mask: boolean): Buffer {
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(size));
  const [mark, extended] = size < 126 ? [size, 0] : size < 65_536 ? [126, 2] : [127, 8];
  const first = Buffer.from([0x80 | opcode, (mask ? 0x80 : 0) | mark]);
  return Buffer.concat([
    first,
    long.subarray(8 - extended),
    Buffer.alloc(mask ? 4 : 0, 0x55),
    Buffer.alloc(size, 0x88),
  ]);
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10),
    size: fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000),
    mask: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

test('a frame may be inserted between frames only', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 6 }), (specs, cuts) => {
      const bytes = specs.map(({ opcode, size, mask }) => frame(opcode, size, mask));
      const whole = Buffer.concat(bytes);
      const boundaries = new Set([0]);
      for (const part of bytes) boundaries.add(Math.max(...boundaries) + part.length);
      const tracker = createFrameTracker();
      const at = [...new Set([...cuts.map((cut) => cut % whole.length), ...boundaries])].sort((a, b) => a - b);
      let from = 0;
      for (const to of at) {
        tracker.follow(whole.subarray(from, to));
        assert.equal(tracker.mayInsert(), boundaries.has(to), `at ${to} of ${whole.length}`);
        from = to;
      }
    }),
    { numRuns: 200 },
  );
});

test('after a Close frame no frame may be inserted', () => {
  const tracker = createFrameTracker();
  tracker.follow(frame(8, 2, false));
  assert.equal(tracker.mayInsert(), false);
});

test('the Close frame of a server is final, not masked, with code and reason', () => {
  const expected = Buffer.concat([Buffer.from([0x88, 15, 0x11, 0x31]), Buffer.from('session ended')]);
  assert.deepEqual(closeFrame(4401, 'session ended'), expected);
});
