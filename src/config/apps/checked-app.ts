/** An app while it is compared with the others. */
import type { AppIdentity } from '../schema/app-identity.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from '../validate/faults.ts';

/** An app, and its configuration if its options are valid. */
export interface CheckedApp {
  readonly app: Pick<AppIdentity, 'id' | 'path'>;
  readonly config: Config | undefined;
}

/** Adds a finding about an app. */
export type Report = (app: CheckedApp, finding: Finding) => void;

export type ValidApp = CheckedApp & { readonly config: Config };
