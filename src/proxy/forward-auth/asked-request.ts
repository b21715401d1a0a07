/** Reads from the request of a front proxy which request it asks about, and what it expects for a person without a session. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import { readFramingFields } from '../../edge/framing.ts';

/** How a person without a session is told to sign in: by a header of the 401, or by a redirect in its place. */
export type AskedFor = 'verify' | 'redirect';

/** Headers with the original method, target and host: by convention in nginx, by default in the other proxies. */
const METHOD_HEADERS = ['x-original-method', 'x-forwarded-method'] as const;
const TARGET_HEADERS = ['x-original-uri', 'x-forwarded-uri'] as const;
const HOST_HEADERS = ['x-original-host', 'x-forwarded-host'] as const;

export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  /** Every host that the front proxy names. */
  readonly hosts: readonly string[];
}

/** Returns the endpoint that the front proxy requests; undefined for any other path of the listener. */
export function askedFor({ url = '' }: Pick<IncomingMessage, 'url'>): AskedFor | undefined {
  const [, name] = /^\/auth\/(verify|redirect)(?:\/|$)/.exec(url) ?? [];
  return name === 'verify' || name === 'redirect' ? name : undefined;
}

/** Returns the one value of these headers, undefined when none was sent; throws when they differ. */
function singleValue(req: IncomingMessage, names: readonly string[]): string | undefined {
  const values = new Set(names.map((name) => req.headers[name]).filter((value) => value !== undefined));
  if (values.size > 1) throw new GatewayError('bad_request', { detail: `${names.join(' and ')} disagree` });
  const [value] = values;
  return typeof value === 'string' ? value : undefined;
}

/** The hosts in these headers. A proxy behind another one may have appended its own to a list. */
function namedHosts({ headers }: IncomingMessage): string[] {
  const values = HOST_HEADERS.flatMap((name) => headers[name] ?? []);
  return values.flatMap((value) => value.split(',')).map((host) => host.trim());
}

const HOST = /^[A-Za-z0-9._:[\]-]+$/;

/** Returns the request to verify. Envoy keeps method and host and appends the path to ours; the other proxies send headers. */
export function readAskedRequest(req: IncomingMessage): AskedRequest {
  const { url = '', method: ownMethod = '' } = req;
  const endpoint = askedFor(req);
  if (endpoint === undefined) throw new GatewayError('not_found');
  const target = url.slice(`/auth/${endpoint}`.length);
  const hosts = [...namedHosts(req), ...(target === '' ? [] : readFramingFields(req.rawHeaders).host)];
  if (!hosts.every((host) => HOST.test(host))) throw new GatewayError('bad_request', { detail: 'malformed host' });
  return { hosts, ...(target === '' ? namedRequest(req) : appendedRequest(req, { method: ownMethod, target })) };
}

/**
 * The request in method and path of ours. Headers that name another one contradict it: a proxy that sends headers may have a slash
 * after the endpoint in its configuration, and would otherwise get the decision about `GET /` for every request.
 */
function appendedRequest(req: IncomingMessage, appended: Pick<AskedRequest, 'method' | 'target'>) {
  const { method = appended.method, target = appended.target } = namedParts(req);
  if (method !== appended.method || target !== appended.target)
    throw new GatewayError('bad_request', { detail: 'the headers name another request than the path does' });
  return appended;
}

const namedParts = (req: IncomingMessage) => ({
  method: singleValue(req, METHOD_HEADERS),
  target: singleValue(req, TARGET_HEADERS),
});

function namedRequest(req: IncomingMessage): Pick<AskedRequest, 'method' | 'target'> {
  const { method, target } = namedParts(req);
  // Never guess the method: a rule for another method could admit the request.
  if (method === undefined || target === undefined || !/^[A-Z]{1,32}$/.test(method))
    throw new GatewayError('bad_request', {
      detail: 'X-Original-Method and X-Original-URI, or X-Forwarded-*, are required',
    });
  return { method, target };
}
