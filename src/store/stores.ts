/** The table of stores; the configuration of `session.store` and everything that picks a store derive from it. */
import { z } from 'zod';
import type { SecretField } from '../config/fields/secret.ts';
import type { StoreType } from './port/store-type.ts';
import { redisStore } from './redis/redis.ts';
import { sqliteStore } from './sqlite/sqlite.ts';

/** By the name of the option below `session.store`. */
export const STORES = {
  redis: redisStore,
  sqlite: sqliteStore,
} satisfies Record<string, StoreType>;

type Stores = typeof STORES;
export type StoreName = keyof Stores;
type Branch = {
  [Name in StoreName]: z.ZodObject<{ [Key in Name]: ReturnType<Stores[Name]['schema']> }, z.core.$strict>;
}[StoreName];

/** The schema of `session.store`: an object with the one name of a store. */
export function storeSchema(secret: SecretField) {
  const stores = Object.entries<StoreType>(STORES);
  const branches = stores.map(([name, { schema }]) => z.strictObject({ [name]: schema(secret) }));
  return z
    .union(branches as unknown as readonly [Branch, ...Branch[]])
    .prefault({ sqlite: {} })
    .describe(`${stores.map(([name, { purpose }]) => `${name} ${purpose}`).join(', ')}.`);
}

/** The parsed value of `session.store`. */
export type StoreOptions = z.output<ReturnType<typeof storeSchema>>;
