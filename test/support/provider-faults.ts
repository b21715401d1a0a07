/** Responses and hooks that make the test provider misbehave. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Hook, ProviderRequest, ProviderResponse } from './provider-types.ts';

/** A JSON response. */
export function json(
  body: Record<string, unknown>,
  status = 200,
  headers: Record<string, string> = {},
): ProviderResponse {
  return { status, headers: { 'cache-control': 'no-store', ...headers }, json: body };
}

/** An OAuth error response (RFC 6749 5.2). The description is a canary that must not appear in any log or page. */
export function oauthError(error: string, status = 400, description = 'canary-error-description'): ProviderResponse {
  return json({ error, error_description: description }, status);
}

/** A status with a canary in the body. */
export function status(code: number, headers: Record<string, string> = {}): ProviderResponse {
  return { status: code, headers: { 'content-type': 'text/plain', ...headers }, body: 'canary-response-body' };
}

/** A redirect. */
export function redirect(location: string, code = 302): ProviderResponse {
  return { status: code, headers: { location }, body: '' };
}

/** Changes members of a JSON response; `undefined` removes a member. */
export function alterJson(response: ProviderResponse, changes: Record<string, unknown>): ProviderResponse {
  const merged = Object.entries({ ...response.json, ...changes }).filter(([, value]) => value !== undefined);
  return { ...response, json: Object.fromEntries(merged) };
}

/** A hook that changes members of the JSON response; `undefined` removes a member. */
export function alteringJson(
  changes: Record<string, unknown>,
  only: (request: ProviderRequest) => boolean = () => true,
): Hook {
  return async (request, proceed) => {
    const response = await proceed();
    return only(request) ? alterJson(response, changes) : response;
  };
}

/** A hook that changes the parameters of a redirect. */
export function alteringRedirect(change: (params: URLSearchParams) => void): Hook {
  return async (_request, proceed) => {
    const response = await proceed();
    const location = new URL(response.headers.location ?? '');
    change(location.searchParams);
    return { ...response, headers: { ...response.headers, location: location.href } };
  };
}

/** A hook that responds to the authorization request with an error (RFC 6749 4.1.2.1) and valid `state` and `iss`. */
export function denying(error = 'access_denied', description = 'canary-error-description'): Hook {
  return alteringRedirect((params) => {
    params.delete('code');
    params.set('error', error);
    params.set('error_description', description);
  });
}

/** Never responds; the connection stays open. */
export const hang = (): ProviderResponse => ({ status: 200, headers: {}, raw: () => {} });

/** Sends the head and nothing after it. */
export const hangInBody = (): ProviderResponse => ({
  status: 200,
  headers: {},
  raw: (res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write('{"access_token":');
  },
});

/** Closes the connection without a response. */
export const reset = (): ProviderResponse => ({ status: 200, headers: {}, raw: (res) => void res.destroy() });

/** A hook that delays the response. */
export function delayed(ms: number): Hook {
  return async (_request, proceed) => {
    await sleep(ms);
    return proceed();
  };
}

/** 200 with a body that is not JSON. */
export const invalidJson = (): ProviderResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '<html>canary-response-body',
});

/** JSON that ends only after `bytes` bytes. Counts the sent bytes in `sent`. */
export function endlessJson(bytes: number, sent: { bytes: number }): ProviderResponse {
  const chunk = Buffer.alloc(64 * 1024, 0x61);
  return {
    status: 200,
    headers: {},
    async raw(res) {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.write('{"access_token":"');
      for (; sent.bytes < bytes && !res.destroyed; sent.bytes += chunk.length) {
        if (res.write(chunk)) continue;
        await new Promise<void>((resolve) => {
          res.once('drain', resolve);
          res.once('close', resolve);
        });
      }
      res.end('"}');
    },
  };
}

/** A body with `layers` layers of gzip that unpacks to `bytes` bytes of JSON. */
export function gzipBomb(bytes: number, layers = 1): ProviderResponse {
  let body: Uint8Array = Buffer.concat([
    Buffer.from('{"access_token":"'),
    Buffer.alloc(bytes, 0x61),
    Buffer.from('"}'),
  ]);
  for (let layer = 0; layer < layers; layer++) body = gzipSync(body, { level: 9 });
  const encoding = Array.from({ length: layers }, () => 'gzip').join(', ');
  return { status: 200, headers: { 'content-type': 'application/json', 'content-encoding': encoding }, body };
}
