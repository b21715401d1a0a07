/** Logger interface for rooms below observability; pino implements it. */

/** Writes one line: fields and a message, or a message alone. */
type LogMethod = (...args: [fields: object, message?: string | undefined] | [message: string]) => void;

export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** A logger that adds these fields to each line. */
  child(fields: object): Logger;
}
