/** Whether the APIs behind the routes answer; any status is an answer. */
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import { type Check, fail, ok } from './check.ts';
import { isCertificateFault, networkWords, statusOf } from './network.ts';

type Target = Pick<RouteConfig, 'upstream' | 'upstreamCa' | 'timeouts'> & { paths: string[] };

/** Each origin once, with the routes that lead there. */
function targetsOf(routes: readonly RouteConfig[]): Target[] {
  const targets = new Map<string, Target>();
  for (const { path, upstream, upstreamCa, timeouts } of routes) {
    const key = `${new URL(upstream).origin} ${upstreamCa}`;
    const known = targets.get(key);
    if (known) known.paths.push(path);
    else targets.set(key, { upstream, upstreamCa, timeouts, paths: [path] });
  }
  return [...targets.values()];
}

async function check(
  { upstream, upstreamCa, timeouts, paths }: Target,
  readFile: (path: string) => string,
): Promise<Check> {
  const { origin } = new URL(upstream);
  const name = 'upstream';
  const where = `${origin} (${paths.join(', ')})`;
  try {
    const ca = upstreamCa === undefined ? undefined : readFile(upstreamCa);
    const status = await statusOf(upstream, { ca, timeout: timeouts.connect });
    return ok(name, `${where} answers ${status}`);
  } catch (error) {
    const mend = isCertificateFault(error)
      ? 'Give its CA with routes[].upstreamCa.'
      : 'Look at the address in routes[].upstream, and whether it is reachable from here.';
    return fail(name, `${where}: ${networkWords(error)}`, mend);
  }
}

/** One check for each upstream. */
export async function upstreamChecks({ routes }: Config, readFile: (path: string) => string): Promise<Check[]> {
  return await Promise.all(targetsOf(routes).map((target) => check(target, readFile)));
}
