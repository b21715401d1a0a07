/** The memory of recent audit events is bounded, has the newest first, and never stands between an event and its log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecentEvents, keepRecent } from '../../src/observe/recent-audit.ts';

const logTo = (lines: string[]) => ({
  write: ({ event = '' }: Readonly<Record<string, string>>) => void lines.push(event),
  reopen: () => undefined,
  flush: async () => undefined,
});

test('only the latest events are kept, the newest first, each with its time', () => {
  const recent = createRecentEvents(2);
  for (const event of ['a', 'b', 'c']) recent.add({ event });
  assert.deepEqual(
    recent.list().map(({ event }) => event),
    ['c', 'b'],
  );
  assert.match(recent.list()[0]?.time ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('the log gets every event; without a memory the log is used as it is', () => {
  const lines: string[] = [];
  const log = logTo(lines);
  const recent = createRecentEvents(1);
  const kept = keepRecent(log, recent);
  for (const event of ['a', 'b']) kept.write({ event });
  assert.deepEqual(lines, ['a', 'b']);
  assert.equal(recent.list().length, 1);
  assert.equal(keepRecent(log, undefined), log);
});
