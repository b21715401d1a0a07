/** Checks that each upstream responds, with any status. */
import { type Check, fail, ok } from '../../base/check.ts';
import { describeNetworkError, isCertificateError } from '../../base/system/unreachable.ts';
import { forwardedRoutes } from '../../config/schema/asked-routes.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import { protocolOf, targetUrls, tlsOf } from '../../config/traffic/upstream-targets.ts';
import { serverOf, socketPath } from '../../upstream/connect/target-url.ts';
import { errorCode } from '../../upstream/http/fault.ts';
import { readTls } from '../../upstream/read-tls.ts';
import { requestHttp2Status, requestStatus } from './network.ts';

type Target = Pick<RouteConfig, 'upstream' | 'upstreamCa' | 'timeouts'> & { url: string; paths: string[] };

/** Each origin of an upstream or of a target once, with the paths of its routes. */
function targetsOf(routes: readonly RouteConfig[]): Target[] {
  const targets = new Map<string, Target>();
  for (const { path, upstream, upstreamCa, timeouts } of routes) {
    for (const url of targetUrls(upstream)) {
      const key = JSON.stringify([serverOf(url), upstreamCa, tlsOf(upstream), protocolOf(upstream)]);
      const target = targets.get(key);
      if (target) target.paths.push(path);
      else targets.set(key, { url, upstream, upstreamCa, timeouts, paths: [path] });
    }
  }
  return [...targets.values()];
}

/** Why a Unix socket cannot be connected to, by the code of the system. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no Unix socket at this path',
  EACCES: 'the user of this process may not connect to the Unix socket',
  ECONNREFUSED: 'nothing listens on the Unix socket',
};

const reasonOf = (url: string, error: unknown) =>
  (socketPath(url) !== undefined && SOCKET_ERRORS[errorCode(error)]) || describeNetworkError(error);

async function checkTarget({ url, paths, ...route }: Target, readFile: (path: string) => string): Promise<Check> {
  const name = 'upstream';
  const target = `${serverOf(url)} (${[...new Set(paths)].join(', ')})`;
  try {
    const tls = readTls(route, undefined, (_option, path) => readFile(path));
    const request = protocolOf(route.upstream) === 'http1' ? requestStatus : requestHttp2Status;
    const status = await request(url, { tls, timeout: route.timeouts.connect });
    return ok(name, `${target} responds with ${status}`);
  } catch (error) {
    const hint = isCertificateError(error)
      ? 'Set routes[].upstreamCa, or tls.ca of the upstream, to the CA of the upstream.'
      : 'Check the address in routes[].upstream, and that this host can reach it.';
    return fail(name, `${target}: ${reasonOf(url, error)}`, hint);
  }
}

/** One check for each upstream. */
export async function upstreamChecks(
  config: Pick<Config, 'routes'>,
  readFile: (path: string) => string,
): Promise<Check[]> {
  return await Promise.all(targetsOf(forwardedRoutes(config)).map((target) => checkTarget(target, readFile)));
}
