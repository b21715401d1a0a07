/** Rules about routes: what hides an endpoint, is never reached, or asks for nothing. */
import { conditionEntries } from '../../policy/conditions/conditions.ts';
import { reservedPaths } from '../schema/endpoints.ts';
import type { Config, RouteConfig, RuleConfig } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

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

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const CALLERS = ['nobody', 'user', 'client'] as const;

/** Every pair of a method and a kind of caller that a rule is about. */
function cellsOf({ methods, token }: RuleConfig): string[] {
  const about = ABOUT[token];
  // A rule without methods also takes those that have no name here.
  const named: readonly string[] = methods ?? [...METHODS, 'any other'];
  return named.flatMap((method) => CALLERS.filter((who) => about.includes(who)).map((who) => `${method} ${who}`));
}

const ABOUT: Record<RuleConfig['token'], readonly string[]> = {
  none: CALLERS,
  user: ['user'],
  client: ['client'],
  'user-or-client': ['user', 'client'],
  'user-or-none': ['user', 'nobody'],
};

/** Conditions that nobody is asked about, and rules that nobody comes to (first match wins). */
function ruleFindings({ rules }: RouteConfig, at: Path): Finding[] {
  const taken = new Set<string>();
  return rules.flatMap((rule, index) => {
    const findings: Finding[] = [];
    const cells = cellsOf(rule);
    if (cells.every((cell) => taken.has(cell)))
      findings.push({
        path: [...at, index],
        message: 'this rule is never reached: earlier ones match all of its methods and callers',
      });
    for (const cell of cells) taken.add(cell);
    for (const [name, condition] of conditionEntries)
      if (rule.token === 'none' && rule[name] !== undefined && condition.over === 'token' && !condition.stepUp)
        findings.push({ path: [...at, index, name], message: `a rule without a token cannot ask for ${name}` });
    return findings;
  });
}

/** Everything that is wrong with the routes. */
export function routeFindings(config: Config): Finding[] {
  const own = reservedPaths(config);
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
    findings.push(...ruleFindings(route, ['routes', index, 'rules']));
    return findings;
  });
}
