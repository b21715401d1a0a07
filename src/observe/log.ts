/** Logger: one JSON line per event, with redaction of fields that may hold secrets. */
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../base/logger.ts';

export type { Logger } from '../base/logger.ts';

// Defence in depth: no code logs tokens or whole header sets in the first place (LG-01).
const SECRET_FIELDS = [
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

/** Loggable form of an error and its causes: class, code and message, but no request and no response body. */
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

/** Creates the logger. Default destination: standard output. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: (error: unknown) => (error instanceof Error ? describeError(error) : error) },
  };
  return destination ? pino(options, destination) : pino(options);
}
