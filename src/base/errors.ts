/** `GatewayError`, which carries a code of the error table, and its public form. */
import { ERRORS, type ErrorCode } from './error-table.ts';

export interface ErrorOptions {
  /** For the log only; never part of a response. */
  detail?: string;
  cause?: unknown;
  /** Seconds for `Retry-After`. Default: 2 for every 503. */
  retryAfter?: number;
  /** Extra response headers, such as a challenge. */
  headers?: Record<string, string>;
  /** Stable public identifier of the exact cause, such as the missing condition. */
  reason?: string;
  /** Additional members of the response (RFC 9457 section 3.2); must not contain input of the client. */
  extensions?: Readonly<Record<string, unknown>>;
  /** Public sentence that replaces the hint of the table; must not contain input of the client. */
  hint?: string;
  /** Status that replaces the one of the table. */
  status?: number | undefined;
}

/** An error with a stable code. Thrown anywhere, rendered by `responses/problem.ts`. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly hint: string;
  readonly detail: string | undefined;
  readonly retryAfter: number | undefined;
  readonly headers: Record<string, string>;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const row = ERRORS[code];
    super(options.detail ? `${code}: ${options.detail}` : code, { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.status = options.status ?? row.status;
    this.title = row.title;
    this.hint = options.hint ?? row.hint;
    this.detail = options.detail;
    this.retryAfter = options.retryAfter ?? (this.status === 503 ? 2 : undefined);
    this.headers = options.headers ?? {};
    this.extensions = {
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...options.extensions,
    };
  }
}

/** Problem details of an error (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  /** Request ID under which the log has the cause. */
  requestId: string;
}

/** Problem details of an error: text of the table only, nothing from the request, the upstream or the provider. */
export function problemOf(error: GatewayError, requestId: string): Problem & Record<string, unknown> {
  return {
    ...error.extensions,
    type: `urn:bff-gateway:error:${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.hint,
    code: error.code,
    requestId,
  };
}

/** The message of an error, or the text of any other value that was thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
