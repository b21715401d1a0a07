/** Turns whatever a store's library throws into the one error callers see, free of credentials and of the values that were sent. */
import { GatewayError } from '../../base/errors.ts';

/** A copy that keeps class, code and message only: the libraries hang the whole command, arguments included, on their errors. */
export function bareError(error: unknown, secrets: readonly string[] = []): Error {
  const source = error instanceof Error ? error : new Error(String(error));
  // "unknown command 'HELLO', with args beginning with: 'AUTH' 'user' '<password>'" is how an old Redis answers.
  const [text = ''] = source.message.split(/,? with args beginning with/);
  const message = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text).slice(0, 200);
  const bare = new Error(message || source.name);
  bare.name = source.name;
  delete bare.stack;
  return 'code' in source ? Object.assign(bare, { code: source.code }) : bare;
}

/** The answer of a store that could not be asked, or could not do what it was asked. */
export function storeUnavailable(what: string, error: unknown, secrets: readonly string[] = []): GatewayError {
  if (error instanceof GatewayError) return error;
  const cause = bareError(error, secrets);
  return new GatewayError('store_unavailable', { detail: `${what}: ${cause.message}`, cause });
}
