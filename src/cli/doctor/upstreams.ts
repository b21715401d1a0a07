/** Checks that each upstream responds, with any status. */
import { type Check, fail, ok } from '../../base/check.ts';
import { describeNetworkError, isCertificateError } from '../../base/system/unreachable.ts';
import { forwardedRoutes } from '../../config/schema/asked-routes.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import { targetUrls } from '../../config/traffic/upstream-targets.ts';
import { requestStatus } from './network.ts';

type Target = Pick<RouteConfig, 'upstreamCa' | 'timeouts'> & { url: string; paths: string[] };

/** Each origin of an upstream or of a target once, with the paths of its routes. */
function targetsOf(routes: readonly RouteConfig[]): Target[] {
  const targets = new Map<string, Target>();
  for (const { path, upstream, upstreamCa, timeouts } of routes) {
    for (const url of targetUrls(upstream)) {
      const key = `${new URL(url).origin} ${upstreamCa}`;
      const target = targets.get(key);
      if (target) target.paths.push(path);
      else targets.set(key, { url, upstreamCa, timeouts, paths: [path] });
    }
  }
  return [...targets.values()];
}

async function checkTarget(
  { url, upstreamCa, timeouts, paths }: Target,
  readFile: (path: string) => string,
): Promise<Check> {
  const name = 'upstream';
  const target = `${new URL(url).origin} (${[...new Set(paths)].join(', ')})`;
  try {
    const ca = upstreamCa === undefined ? undefined : readFile(upstreamCa);
    const status = await requestStatus(url, { ca, timeout: timeouts.connect });
    return ok(name, `${target} responds with ${status}`);
  } catch (error) {
    const hint = isCertificateError(error)
      ? 'Set routes[].upstreamCa to the CA of the upstream.'
      : 'Check the address in routes[].upstream, and that this host can reach it.';
    return fail(name, `${target}: ${describeNetworkError(error)}`, hint);
  }
}

/** One check for each upstream. */
export async function upstreamChecks(
  config: Pick<Config, 'routes'>,
  readFile: (path: string) => string,
): Promise<Check[]> {
  return await Promise.all(targetsOf(forwardedRoutes(config)).map((target) => checkTarget(target, readFile)));
}
