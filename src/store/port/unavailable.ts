/** Turns the errors of a store's library into `store_unavailable`, without credentials and without the values that were sent. */
import { GatewayError } from '../../base/errors.ts';

/** A copy with class, code and message only: the libraries attach the whole command, arguments included, to their errors. */
export function bareError(error: unknown, secrets: readonly string[] = []): Error {
  const source = error instanceof Error ? error : new Error(String(error));
  // An old Redis replies "unknown command 'HELLO', with args beginning with: 'AUTH' 'user' '<password>'".
  const [text = ''] = source.message.split(/,? with args beginning with/);
  const message = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text).slice(0, 200);
  const bare = new Error(message || source.name);
  bare.name = source.name;
  delete bare.stack;
  return 'code' in source ? Object.assign(bare, { code: source.code }) : bare;
}

/** The error of an operation that failed or that the store could not run. */
export function storeUnavailable(operation: string, error: unknown, secrets: readonly string[] = []): GatewayError {
  if (error instanceof GatewayError) return error;
  const cause = bareError(error, secrets);
  return new GatewayError('store_unavailable', { detail: `${operation}: ${cause.message}`, cause });
}
