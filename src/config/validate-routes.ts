/** Rules about routes: what hides an endpoint, is never reached, or asks for nothing. */
import { endpointPaths } from './endpoints.ts';
import type { Finding } from './faults.ts';
import type { Config } from './schema.ts';

/** Whether every path that `b` matches is matched by `a` already. */
function covers(a: string, b: string): boolean {
  const left = a.split('/');
  const right = b.split('/');
  for (const [index, segment] of left.entries()) {
    if (segment === '**') return true;
    const other = right[index];
    if (other === undefined || other === '**' || (segment !== '*' && segment !== other)) return false;
  }
  return left.length === right.length;
}

/** Everything that is wrong with the routes. */
export function routeFindings(config: Config): Finding[] {
  const own = Object.values(endpointPaths(config.endpoints));
  return config.routes.flatMap((route, index) => {
    const findings: Finding[] = [];
    const path = ['routes', index, 'path'];
    const segments = route.path.split('/').slice(1);
    if (
      segments.some(
        (segment, at) => segment.includes('*') && segment !== '*' && !(segment === '**' && at === segments.length - 1),
      )
    ) {
      findings.push({ path, message: '* must be a whole segment, and ** the last one' });
    }
    const hidden = own.find((endpoint) => covers(route.path, endpoint));
    if (hidden !== undefined) findings.push({ path, message: `this route would hide the endpoint ${hidden}` });
    if (config.routes.slice(0, index).some((earlier) => covers(earlier.path, route.path)))
      findings.push({ path, message: 'this route is never reached: an earlier one matches all of it' });
    if (
      route.stripPrefix !== undefined &&
      route.path !== route.stripPrefix &&
      !route.path.startsWith(`${route.stripPrefix}/`)
    )
      findings.push({ path: ['routes', index, 'stripPrefix'], message: 'must be the beginning of path' });
    for (const [at, rule] of route.rules.entries()) {
      if (rule.token === 'none' && rule.scopes)
        findings.push({
          path: ['routes', index, 'rules', at, 'scopes'],
          message: 'a rule without a token cannot ask for scopes',
        });
      const shadow = route.rules
        .slice(0, at)
        .some(
          (earlier) =>
            earlier.methods === undefined ||
            (rule.methods?.every((method) => earlier.methods?.includes(method)) ?? false),
        );
      if (shadow)
        findings.push({
          path: ['routes', index, 'rules', at],
          message: 'this rule is never reached: an earlier one matches all of its methods',
        });
    }
    return findings;
  });
}
