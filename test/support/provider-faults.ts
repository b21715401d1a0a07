/** Ready-made answers and hooks with which the test provider misbehaves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Hook, ProviderRequest, ProviderResponse } from './provider-types.ts';

/** A JSON answer. */
export function json(
  body: Record<string, unknown>,
  status = 200,
  headers: Record<string, string> = {},
): ProviderResponse {
  return { status, headers: { 'cache-control': 'no-store', ...headers }, json: body };
}

/** An OAuth error answer (RFC 6749 5.2). The description is a canary: it must appear in no log and on no page. */
export function oauthError(error: string, status = 400, description = 'canary-error-description'): ProviderResponse {
  return json({ error, error_description: description }, status);
}

/** A bare status, with a canary in the body. */
export function status(code: number, headers: Record<string, string> = {}): ProviderResponse {
  return { status: code, headers: { 'content-type': 'text/plain', ...headers }, body: 'canary-response-body' };
}

/** A redirect. */
export function redirect(location: string, code = 302): ProviderResponse {
  return { status: code, headers: { location }, body: '' };
}

/** The same JSON answer with members changed; `undefined` removes one. */
export function alterJson(answer: ProviderResponse, changes: Record<string, unknown>): ProviderResponse {
  const merged = Object.entries({ ...answer.json, ...changes }).filter(([, value]) => value !== undefined);
  return { ...answer, json: Object.fromEntries(merged) };
}

/** A hook that changes members of the JSON answer; `undefined` removes one. */
export function alteringJson(
  changes: Record<string, unknown>,
  only: (call: ProviderRequest) => boolean = () => true,
): Hook {
  return async (call, proceed) => {
    const answer = await proceed();
    return only(call) ? alterJson(answer, changes) : answer;
  };
}

/** A hook that changes the parameters of a redirect. */
export function alteringRedirect(change: (params: URLSearchParams) => void): Hook {
  return async (_call, proceed) => {
    const answer = await proceed();
    const location = new URL(answer.headers.location ?? '');
    change(location.searchParams);
    return { ...answer, headers: { ...answer.headers, location: location.href } };
  };
}

/** A hook that answers the authorization request with an error (RFC 6749 4.1.2.1) and the right `state` and `iss`. */
export function denying(error = 'access_denied', description = 'canary-error-description'): Hook {
  return alteringRedirect((params) => {
    params.delete('code');
    params.set('error', error);
    params.set('error_description', description);
  });
}

/** Never answers; the connection stays open. */
export const hang = (): ProviderResponse => ({ status: 200, headers: {}, raw: () => {} });

/** Sends the head and then nothing more. */
export const hangInBody = (): ProviderResponse => ({
  status: 200,
  headers: {},
  raw: (res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write('{"access_token":');
  },
});

/** Cuts the connection. */
export const reset = (): ProviderResponse => ({ status: 200, headers: {}, raw: (res) => void res.destroy() });

/** A hook that answers late. */
export function delayed(ms: number): Hook {
  return async (_call, proceed) => {
    await sleep(ms);
    return proceed();
  };
}

/** 200 with a body that is no JSON. */
export const invalidJson = (): ProviderResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '<html>canary-response-body',
});

/** JSON that never ends until `bytes` were sent. Counts what it could send in `sent`. */
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

/** A gzip body, `layers` deep, that unpacks to `bytes` of JSON. */
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
