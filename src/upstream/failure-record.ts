/** Counts the failures of one upstream and keeps the latest one, for the operator. */
import type { GatewayError } from '../base/errors.ts';

/** The latest failure: its error code, and the code of the system or the exact cause if there is one. */
export interface LastFailure {
  readonly at: string;
  readonly code: string;
  readonly detail: string | undefined;
}

export interface FailureRecord {
  /** Counts an error that the upstream caused; other errors are ignored. */
  note(error: GatewayError): void;
  state(): { readonly failures: number; readonly lastFailure: LastFailure | undefined };
}

const OF_UPSTREAM: ReadonlySet<string> = new Set([
  'upstream_failed',
  'upstream_timeout',
  'upstream_busy',
  'upstream_error',
]);

/** Creates a record without failures. */
export function createFailureRecord(): FailureRecord {
  let failures = 0;
  let lastFailure: LastFailure | undefined;
  return {
    note({ code, detail }) {
      if (!OF_UPSTREAM.has(code)) return;
      failures += 1;
      lastFailure = { at: new Date().toISOString(), code, detail };
    },
    state: () => ({ failures, lastFailure }),
  };
}
