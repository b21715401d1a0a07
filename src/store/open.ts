/** Opens and checks the store that the configuration names. */
import type { Check } from '../base/check.ts';
import type { Finding } from '../config/fields/finding.ts';
import type { Store } from './port/store.ts';
import type { StoreDeps, StoreType } from './port/store-type.ts';
import { STORES, type StoreOptions } from './stores.ts';

/** The store type that the options name, and its own options, which its schema has parsed. */
function configured(options: StoreOptions): { name: string; type: StoreType; own: unknown } {
  const types: Readonly<Record<string, StoreType>> = STORES;
  const [[name, own] = ['', undefined]] = Object.entries(options);
  const type = types[name];
  if (type === undefined) throw new Error(`session.store: there is no store ${name}`);
  return { name, type, own };
}

/** Opens the session store. A database file must be usable now; Redis may become available later. */
export function openStore(options: StoreOptions, deps: StoreDeps): Store {
  const { type, own } = configured(options);
  return type.open(own, deps);
}

/** Invalid combinations of the store's options, with paths from the root of the configuration. */
export function storeFindings(options: StoreOptions): Finding[] {
  const { name, type, own } = configured(options);
  return type.findings(own).map(({ path, ...rest }) => ({ path: ['session', 'store', name, ...path], ...rest }));
}

/** Options of the store that are unsafe, one sentence each. */
export function storeWarnings(options: StoreOptions): string[] {
  const { type, own } = configured(options);
  return type.warnings?.(own) ?? [];
}

/** Checks that the store can be used and keeps what it is given, for `doctor`. */
export function checkStore(options: StoreOptions, deps: StoreDeps): Promise<Check[]> {
  const { type, own } = configured(options);
  return type.check(own, deps);
}
