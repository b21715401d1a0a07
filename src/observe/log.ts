/** Logger: one JSON line per event, with redaction of fields that may hold secrets. */
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../base/logger.ts';
import { loggableOauthCode } from '../base/oauth-code.ts';
import { createLogLevel, type Level, type LogLevel } from './log-level.ts';

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

/** Results of `describeError`, which the serializer must not describe again. */
const described = new WeakSet<object>();

const codeOf = (value: object) =>
  'code' in value && (typeof value.code === 'string' || typeof value.code === 'number')
    ? { errorCode: value.code }
    : {};
const oauthOf = (value: object) =>
  'error' in value && typeof value.error === 'string' ? { oauth: loggableOauthCode(value.error) } : {};

/** Selected fields of a value that is not an error; its text may be a response, a query with a code, or a token. */
function describeValue(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return { type: value === null ? 'null' : typeof value };
  if (value instanceof Response)
    return { type: 'Response', status: value.status, contentType: value.headers.get('content-type')?.slice(0, 100) };
  if (value instanceof URLSearchParams) return { type: 'URLSearchParams', ...oauthOf({ error: value.get('error') }) };
  return { type: Array.isArray(value) ? 'Array' : 'Object', ...oauthOf(value), ...claimOf(value) };
}

/** The claim or member whose value openid-client did not expect: a name of its own, not of the provider. */
const claimOf = (value: object) => ({
  ...('claim' in value && typeof value.claim === 'string' ? { claim: value.claim.slice(0, 64) } : {}),
  ...('attribute' in value && typeof value.attribute === 'string' ? { attribute: value.attribute.slice(0, 64) } : {}),
});

/** V8 quotes the text that it could not parse, and `Headers` a value that it refuses, such as an access token with a line break. */
const messageOf = ({ name, message }: Error) =>
  name === 'SyntaxError'
    ? 'the text cannot be parsed'
    : message.replace(/".*"(?= is an invalid header value)/s, 'the text').slice(0, 300);

/** Loggable form of an error and its causes: class, code and message, but no request and no response body. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  const description =
    error instanceof Error
      ? {
          type: error.name,
          message: messageOf(error),
          ...codeOf(error),
          ...oauthOf(error),
          ...(error.cause !== undefined && depth < 3 ? { cause: describeError(error.cause, depth + 1) } : {}),
        }
      : describeValue(error);
  described.add(description);
  return description;
}

const serializeError = (error: unknown) =>
  typeof error === 'object' && error !== null && described.has(error) ? error : describeError(error);

type LogArguments = Parameters<Logger['info']>;
type LineLevel = Exclude<Level, 'silent'>;

/** Asks for the level at every line: a library logger copies it to its children, which would not notice a change. */
class LeveledLogger implements Logger {
  readonly #lines: PinoLogger;
  readonly #level: LogLevel;

  constructor(lines: PinoLogger, level: LogLevel) {
    this.#lines = lines;
    this.#level = level;
  }

  #write(level: LineLevel, [fields, message]: LogArguments): void {
    if (!this.#level.includes(level)) return;
    if (typeof fields === 'string') this.#lines[level](fields);
    else this.#lines[level](fields, message);
  }

  trace(...line: LogArguments): void {
    this.#write('trace', line);
  }

  debug(...line: LogArguments): void {
    this.#write('debug', line);
  }

  info(...line: LogArguments): void {
    this.#write('info', line);
  }

  warn(...line: LogArguments): void {
    this.#write('warn', line);
  }

  error(...line: LogArguments): void {
    this.#write('error', line);
  }

  child(fields: object): Logger {
    return new LeveledLogger(this.#lines.child(fields), this.#level);
  }
}

const LINE_OPTIONS = {
  level: 'trace',
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (name: string) => ({ level: name }) },
};

/** Creates a logger for lines of which the gateway makes every field: it redacts none, which takes far longer than to write the line. */
export function createPlainLogger(destination: DestinationStream): Logger {
  return new LeveledLogger(pino(LINE_OPTIONS, destination), createLogLevel('trace'));
}

/** Creates the logger. Default destination: standard output. */
export function createLogger(level: Level | LogLevel, destination?: DestinationStream): Logger {
  const options = {
    ...LINE_OPTIONS,
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: serializeError },
  };
  const lines = destination ? pino(options, destination) : pino(options);
  return new LeveledLogger(lines, typeof level === 'string' ? createLogLevel(level) : level);
}
