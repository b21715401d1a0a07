/** The shares of callers and addresses in the slots of an upstream, and the order in which waiting callers get them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../src/upstream/fair-queue.ts';
import { FairSlots, type SlotOwner } from '../../src/upstream/fair-slots.ts';

const SHARES = { caller: 80, address: 90 };
const owner = (caller: string, address = caller): SlotOwner => ({ caller, address });

/** Takes as many slots as the owner gets. */
function takeAll(slots: FairSlots, by: SlotOwner): number {
  let taken = 0;
  while (slots.tryTake(by)) taken += 1;
  return taken;
}

test('D02 one caller gets its share of the slots, and all of them if the share is 100', () => {
  assert.equal(takeAll(new FairSlots(100, SHARES), owner('a')), 80);
  assert.equal(takeAll(new FairSlots(100, { caller: 100, address: 100 }), owner('a')), 100);
  assert.equal(takeAll(new FairSlots(1, SHARES), owner('a')), 1);
  assert.equal(takeAll(new FairSlots(0, SHARES), owner('a')), 0);
});

test('D02 all callers of one address get the share of the address', () => {
  const slots = new FairSlots(100, SHARES);
  const taken = Array.from({ length: 50 }, (_, at) => takeAll(slots, owner(`session-${at}`, 'nat')));
  assert.equal(
    taken.reduce((sum, count) => sum + count, 0),
    90,
  );
  assert.ok(slots.tryTake(owner('other')));
});

test('D02 each further caller gets its share of the rest', () => {
  const slots = new FairSlots(128, SHARES);
  assert.deepEqual(
    ['a', 'b', 'c'].map((caller) => takeAll(slots, owner(caller))),
    [103, 20, 4],
  );
  assert.ok(slots.tryTake(owner('d')));
});

test('D02 a returned slot can be taken again, also after many other callers', () => {
  const slots = new FairSlots(10, SHARES);
  for (let at = 0; at < 5_000; at += 1) {
    assert.ok(slots.tryTake(owner(`${at}`)));
    slots.give(owner(`${at}`));
  }
  assert.equal(takeAll(slots, owner('a')), 8);
  slots.give(owner('a'));
  assert.equal(takeAll(slots, owner('a')), 1);
});

function createWaiter(name: string, caller = name, log: string[] = []) {
  return { owner: owner(caller), name, onAdmitted: () => {}, onRefused: () => void log.push(name) };
}

test('D02 waiting callers take turns, and the requests of one keep their order', () => {
  const queue = new FairQueue<ReturnType<typeof createWaiter>>(100, SHARES);
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) queue.add(createWaiter(name, name[0]), 60_000);
  const order = [];
  for (let next = queue.next(() => true); next; next = queue.next(() => true)) order.push(next.name);
  assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('D02 a caller that may take no slot does not hold up the next one', () => {
  const queue = new FairQueue<ReturnType<typeof createWaiter>>(100, SHARES);
  for (const name of ['a1', 'b1']) queue.add(createWaiter(name, name[0]), 60_000);
  const notA = ({ caller }: SlotOwner) => caller !== 'a';
  assert.equal(queue.next(notA)?.name, 'b1');
  assert.equal(queue.next(notA), undefined);
  assert.equal(queue.next(() => true)?.name, 'a1');
});

test('D02 one caller gets its share of the queue; a request that leaves frees its entry', () => {
  const refused: string[] = [];
  const queue = new FairQueue<ReturnType<typeof createWaiter>>(10, SHARES);
  const handles = Array.from({ length: 9 }, (_, at) => queue.add(createWaiter(`a${at}`, 'a', refused), 60_000));
  assert.deepEqual(refused, ['a8']);
  queue.add(createWaiter('b0', 'b', refused), 60_000);
  handles[0]?.remove();
  handles[0]?.remove();
  queue.add(createWaiter('a9', 'a', refused), 60_000);
  queue.add(createWaiter('a10', 'a', refused), 60_000);
  assert.deepEqual(refused, ['a8', 'a10']);
});
