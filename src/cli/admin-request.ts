/** Requests of the command line to the private listener of the running gateway. */
import { isIPv6 } from 'node:net';
import { canonicalHost } from '../base/address.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';

export type Fetch = (url: string, init: { method: string; headers: Record<string, string> }) => Promise<Response>;

/** URL of the private listener; a wildcard address is reached on loopback. */
function adminUrl({ host, port }: Config['admin']): string {
  const canonical = canonicalHost(host);
  const target = canonical === '0.0.0.0' ? '127.0.0.1' : canonical === '::' ? '::1' : canonical;
  return `http://${isIPv6(target) ? `[${target}]` : target}:${port}`;
}

interface AdminRequest {
  method: 'GET' | 'POST';
  path: string;
}

/** Sends a request as the administrator; rejects with what the gateway says if it refuses. */
export async function request(
  config: Config,
  fetch: Fetch,
  { method, path }: AdminRequest,
): Promise<Record<string, unknown>> {
  const { admin } = config;
  if (!admin.enabled) throw new Error('admin.enabled is false: the gateway has no private listener');
  const headers = {
    'x-bff-admin': '1',
    ...(admin.secret === undefined ? {} : { authorization: `Bearer ${admin.secret}` }),
  };
  const url = adminUrl(admin);
  const response = await fetch(url + path, { method, headers }).catch((error: unknown) => {
    throw new Error(`no gateway responds at ${url}; is it running?`, { cause: error });
  });
  const body: unknown = await response.json().catch(() => ({}));
  const { detail } = Object(body) as { detail?: unknown };
  if (!response.ok || !isRecord(body))
    throw new Error(`the gateway responded with ${response.status}: ${printable(String(detail))}`);
  return body;
}

/** Device and subject come from clients and providers: control and format characters must not reach a terminal. */
export const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** The text of a value in a table. */
export const cell = (value: unknown) =>
  typeof value === 'string' ? printable(value) : typeof value === 'number' ? String(value) : '-';
