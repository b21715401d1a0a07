/** Forms of the operator page: reads their bodies, and refuses those that a page of another site sent. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import { digest } from '../../crypto/digest.ts';
import { checkPageCsrf } from '../../policy/page-csrf.ts';
import { isSecret } from '../sessions.ts';
import type { SignIn } from './sign-ins.ts';

/** Claims of a token are the longest text of a form. */
const MAX_BODY_BYTES = 64 * 1024;

const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** Throws unless the form was sent by a page of this listener: `Origin` or `Sec-Fetch-Site` says so. */
function requireOwnOrigin({ method = '', headers }: IncomingMessage): void {
  const { host = '', origin } = headers;
  // A front proxy with TLS does not change Host.
  const publicOrigin = origin === `https://${host}` ? origin : `http://${host}`;
  const outcome = checkPageCsrf({
    method,
    headers,
    headerName: 'X-Bff-Admin',
    publicOrigin,
    allowedOrigins: [],
    crossSiteNavigation: 'allow',
  });
  if (outcome.kind === 'refused') throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/** Reads a body of at most 64 KiB. Rejects with GatewayError on a larger one, and on one that the client breaks off. */
async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // A longer one is read to its end: leaving the loop would close the connection before the response.
    for await (const chunk of req as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch (cause) {
    throw new GatewayError('bad_request', { detail: 'the connection closed before the form had arrived', cause });
  }
  if (size > MAX_BODY_BYTES) throw new GatewayError('payload_too_large');
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads a form. Rejects with GatewayError on one of another site, one that is too large, and another type. */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  requireOwnOrigin(req);
  if (!FORM.test(req.headers['content-type'] ?? '')) throw new GatewayError('bad_request', { hint: 'Send a form.' });
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new GatewayError('payload_too_large');
  return new URLSearchParams(await readBody(req));
}

/** Whether the form is one that the page showed to this sign-in. */
export const isOwnForm = (form: URLSearchParams, { formToken }: SignIn): boolean =>
  isSecret(form.get('token') ?? '', digest(formToken));
