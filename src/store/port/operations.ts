/** The operations of the storage port, listed once: measuring, the process channel and the remote store derive from the list. */
import type { ExpiredSessions, Jobs, Limits, SessionIndex, Store } from './store.ts';

type TopLevel = Omit<
  Store,
  'kind' | 'shared' | 'sessions' | 'index' | 'expired' | 'jobs' | 'limits' | 'changes' | 'close'
>;

/** The members of a group under dotted names, such as `index.add`. */
export type Prefixed<Name extends string, Group> = { [Key in keyof Group & string as `${Name}.${Key}`]: Group[Key] };

/** Every operation of the port under its name. */
export type StoreOperations = TopLevel &
  Prefixed<'index', SessionIndex> &
  Prefixed<'expired', ExpiredSessions> &
  Prefixed<'jobs', Jobs> &
  Prefixed<'limits', Limits>;
export type OperationName = keyof StoreOperations;
export type Operation = StoreOperations[OperationName];

/** The same operations in the shape of the port. */
export type PortOperations = TopLevel & Pick<Store, 'index' | 'expired' | 'jobs' | 'limits'>;

/** Typed as a record, so that an operation of the port without an entry does not compile. */
const NAMES: Record<OperationName, true> = {
  load: true,
  remaining: true,
  touch: true,
  end: true,
  missing: true,
  createTokens: true,
  replaceTokens: true,
  acquireLease: true,
  renewLease: true,
  releaseLease: true,
  markOnce: true,
  ping: true,
  checkWritable: true,
  'index.add': true,
  'index.count': true,
  'index.page': true,
  'index.prune': true,
  'index.remove': true,
  'index.scan': true,
  'expired.list': true,
  'expired.remove': true,
  'jobs.put': true,
  'jobs.take': true,
  'jobs.done': true,
  'limits.count': true,
  'limits.hold': true,
  'limits.keep': true,
  'limits.drop': true,
  'limits.join': true,
};
export const OPERATION_NAMES = Object.keys(NAMES) as OperationName[];

type Group = Record<string, unknown>;

/** The object that holds an operation, and the name of the operation in it. */
function locate(port: Group, name: OperationName): [owner: Group, member: string] {
  const [first = '', member] = name.split('.');
  if (member === undefined) return [port, first];
  port[first] ??= {};
  return [port[first] as Group, member];
}

/** The operations of a port under their names. */
export function operationsOf(port: PortOperations): StoreOperations {
  const entries = OPERATION_NAMES.map((name) => {
    const [owner, member] = locate(port as unknown as Group, name);
    return [name, owner[member]];
  });
  return Object.fromEntries(entries) as StoreOperations;
}

/** A port whose operations are created one by one from their names. */
export function createOperations(
  create: <Name extends OperationName>(name: Name) => StoreOperations[Name],
): PortOperations {
  const port: Group = {};
  for (const name of OPERATION_NAMES) {
    const [owner, member] = locate(port, name);
    owner[member] = create(name);
  }
  return port as unknown as PortOperations;
}
