/** Requests and responses of the development provider: forms within a limit, JSON, OAuth errors, redirects. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ProviderRequest {
  readonly method: string;
  readonly path: string;
  /** Of the query, or of the form of a POST. */
  readonly params: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export interface ProviderResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const MAX_FORM_BYTES = 65_536;

/** A request that gets this response, whatever its endpoint. */
export class RefusedRequest extends Error {
  readonly response: ProviderResponse;

  constructor(response: ProviderResponse) {
    super('refused');
    this.response = response;
  }
}

/** A response of plain text. */
export const text = (status: number, body: string): ProviderResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: `${body}\n`,
});

/** A JSON response that is not cached (RFC 6749 section 5.1). */
export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): ProviderResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(value),
});

/** An error of RFC 6749 section 5.2. */
export const oauthError = (error: string, description: string, status = 400): ProviderResponse =>
  json({ error, error_description: description }, status, status === 401 ? { 'www-authenticate': 'Basic' } : {});

/** Redirects the browser to a URL with these parameters added; 303 makes a GET of a POST. */
export function redirect(target: string, params: Readonly<Record<string, string | undefined>>): ProviderResponse {
  const url = new URL(target);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  return { status: 303, headers: { location: url.href, 'cache-control': 'no-store' }, body: '' };
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const type = req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new RefusedRequest(text(415, 'The body must be application/x-www-form-urlencoded.'));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > MAX_FORM_BYTES) throw new RefusedRequest(text(413, 'The form is larger than 64 KiB.'));
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Reads a request. Throws `RefusedRequest` for a body that cannot be read. */
export async function readRequest(req: IncomingMessage, issuer: string): Promise<ProviderRequest> {
  const { method = 'GET', headers } = req;
  const url = URL.parse(req.url ?? '/', issuer);
  if (!url || url.origin !== new URL(issuer).origin) throw new RefusedRequest(text(400, 'The address is malformed.'));
  return { method, path: url.pathname, params: method === 'POST' ? await readForm(req) : url.searchParams, headers };
}

/** Sends a response. */
export function send(
  res: ServerResponse,
  method: string | undefined,
  { status, headers, body }: ProviderResponse,
): void {
  res.writeHead(status, { ...headers, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  res.end(method === 'HEAD' ? '' : body);
}

/** The first parameter that is there twice, which RFC 6749 section 3.1 forbids; `resource` may be repeated (RFC 8707). */
export function repeatedParameter(params: URLSearchParams): string | undefined {
  const names = [...params.keys()].filter((name) => name !== 'resource');
  return names.find((name, index) => names.indexOf(name) !== index);
}
