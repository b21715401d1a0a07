/** A store type: all that the configuration, `doctor` and the gateway need to offer one store. */
import type { z } from 'zod';
import type { Check } from '../../base/check.ts';
import type { Logger } from '../../base/logger.ts';
import type { Finding } from '../../config/fields/finding.ts';
import type { SecretField } from '../../config/fields/secret.ts';
import type { Store } from './store.ts';

export interface StoreDeps {
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export interface StoreType<Schema extends z.ZodType = z.ZodType> {
  /** Completes the description of `session.store`: `<name> for ...`. */
  readonly purpose: string;
  /** The schema of the options below `session.store.<name>`; `secret` creates the schema of an option that holds a secret. */
  schema(secret: SecretField): Schema;
  /** Invalid combinations of options; paths are relative to `session.store.<name>`. */
  findings(options: z.output<Schema>): Finding[];
  /** Valid options that are unsafe, one sentence each. */
  warnings?(options: z.output<Schema>): string[];
  /** Opens the store. Throws an Error that names the option at fault when the options can never work. */
  open(options: z.output<Schema>, deps: StoreDeps): Store;
  /** The checks of `doctor`. */
  check(options: z.output<Schema>, deps: StoreDeps): Promise<Check[]>;
}
