/** The logger: one JSON line per event, with a list of names whose values never appear. */
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../base/logger.ts';

export type { Logger } from '../base/logger.ts';

// A second line of defence: nothing in this code base logs a token or a header bag in the first place (LG-01).
const SECRET_NAMES = [
  'access_token',
  'refresh_token',
  'id_token',
  'code',
  'state',
  'nonce',
  'code_verifier',
  'client_secret',
  'password',
  'cookie',
  'authorization',
  'accessToken',
  'refreshToken',
  'idToken',
  'secret',
];

/** Only what helps: class, code and message of an error and of its causes, never a response body or a request. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 200) };
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined;
  const oauth = 'error' in error && typeof error.error === 'string' ? error.error.slice(0, 64) : undefined;
  return {
    type: error.name,
    message: error.message.slice(0, 300),
    ...(code === undefined ? {} : { errorCode: code }),
    ...(oauth === undefined ? {} : { oauth }),
    ...(error.cause !== undefined && depth < 3 ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}

/** Standard output, for several who write lines to it: one stream, so that lines stay whole and in order. */
export const standardOutput = (): DestinationStream => destination(1);

/** Builds the logger; lines go to standard output unless a destination is given. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: (error: unknown) => (error instanceof Error ? describeError(error) : error) },
  };
  return destination ? pino(options, destination) : pino(options);
}
