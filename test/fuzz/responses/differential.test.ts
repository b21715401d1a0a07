/**
 * Differential test of the response parser: Node's client (llhttp) and undici read the same bytes. `FUZZ_STREAMS=200000`
 * and `TEST_SEED` run more and other streams.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { SEED } from '../../support/properties.ts';
import { type Outcome, readWithNode, readWithOwn, readWithUndici } from './clients.ts';
import { cut, nextStream, randomFrom, type Stream } from './streams.ts';

const STREAMS = Number(process.env.FUZZ_STREAMS ?? 3_000);

const told = ({ method, bytes }: Stream, ...outcomes: Outcome[]) =>
  [method, JSON.stringify(bytes.toString('latin1')), ...outcomes.map((outcome) => JSON.stringify(outcome))].join('\n');

/** The bytes up to the end of the response, for clients that reject a response for what comes after it. */
function responseOf(stream: Stream): Buffer {
  let length = stream.bytes.length;
  const single = Array.from(stream.bytes, (_, at) => stream.bytes.subarray(at, at + 1));
  readWithOwn(stream, single, (part) => {
    length = part + 1;
  });
  return stream.bytes.subarray(0, length);
}

test('D07 D09 D13 no response is read in two ways: however the bytes are cut, and by Node and undici', async () => {
  const random = randomFrom(SEED);
  const counts = { own: 0, node: 0, undici: 0 };
  for (let number = 0; number < STREAMS; number += 1) {
    const stream = nextStream(random);
    const own = readWithOwn(stream, [stream.bytes]);
    assert.deepEqual(readWithOwn(stream, cut(stream.bytes, random)), own, told(stream, own));
    const bytes = [responseOf(stream)];
    const [node, undici] = await Promise.all([readWithNode(stream, bytes), readWithUndici(stream, bytes)]);
    counts.own += Number(own !== undefined);
    counts.node += Number(node !== undefined);
    counts.undici += Number(undici !== undefined);
    if (own === undefined) continue;
    assert.ok(node === undefined || isDeepStrictEqual(own, node), told(stream, own, node));
    assert.ok(undici === undefined || isDeepStrictEqual(own, undici), told(stream, own, undici));
    assert.ok(node ?? undici, `only the gateway regards this response as complete: ${told(stream, own)}`);
  }
  // The streams exercise both outcomes of each client.
  for (const [client, complete] of Object.entries(counts)) {
    assert.ok(complete > STREAMS / 4, `${client} completed ${complete} of ${STREAMS}`);
    assert.ok(complete < (STREAMS * 3) / 4, `${client} completed ${complete} of ${STREAMS}`);
  }
});
