/** Writes a draft as a `gateway.yaml`; secrets and values that the source does not contain become variables. */
import { Document, isMap, isSeq } from 'yaml';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { productOf } from '../oidc/products/registry.ts';
import { BLOCKED_UPSTREAM, type Draft, ImportError, type Note, renderVariables, variable } from './draft/draft.ts';
import { covers } from './draft/patterns.ts';
import { type ResolvedRoute, resolveRoutes } from './resolve-routes.ts';
import { buildRules, createRuleContext, type RuleContext } from './rules.ts';

export interface DraftOutput {
  yaml: string;
  /** Further notes for the report. */
  notes: Note[];
}

const AUDIENCE = variable('API_AUDIENCE');
const PREFIXES = ['', '/bff', '/bff-gateway'];

const hidesEndpoint = (path: string, prefix: string) =>
  Object.values(endpointPaths({ prefix })).some((own) => covers(path, own));

/** Chooses the endpoint prefix with which the fewest routes hide endpoints of the gateway. */
function choosePrefix({ prefix }: Draft, routes: readonly ResolvedRoute[]): string {
  const choices = prefix === undefined ? PREFIXES : [prefix, ...PREFIXES];
  const hidden = (choice: string) => routes.filter(({ path }) => hidesEndpoint(path, choice)).length;
  return [...choices].sort((a, b) => hidden(a) - hidden(b))[0] ?? '';
}

function routeNote(route: ResolvedRoute, verdict: Note['verdict'], text: string): Note[] {
  return route.sources.slice(0, 1).map(({ file, line }) => ({ file, line, verdict, text }));
}

function hiddenNote(route: ResolvedRoute): Note[] {
  const text = `${route.path} would hide the gateway's endpoints: configure a route for each path below it`;
  return routeNote(route, 'left out', text);
}

function routeNotes(route: ResolvedRoute): Note[] {
  const { path, otherTargets, stricterFor } = route;
  const text = (name: string) =>
    `${name}: its requests to ${path} are denied: another route sends this path to a different upstream`;
  const notes = otherTargets.map(
    ({ file, line, name }): Note => ({ file, line, verdict: 'left out', text: text(name) }),
  );
  if (route.claimHeadersDropped)
    notes.push(
      ...routeNote(route, 'left out', `claim headers on ${path}: the routes with this path set different headers`),
    );
  if (stricterFor.length === 0) return notes;
  const why = 'the original compares string prefixes or trailing slashes, the gateway compares whole segments';
  return [
    ...notes,
    ...routeNote(route, 'approximated', `${path} also has the requirements of ${stricterFor.join(', ')}: ${why}`),
  ];
}

/** Rules that no request satisfies, for routes that are denied. */
const DENIED_RULES = [{ methods: ['OPTIONS'], token: 'user', scopes: ['import:left-out'] }];

function routeInput(route: ResolvedRoute, context: RuleContext): Record<string, unknown> {
  const { path, target } = route;
  const { rules, audience } = buildRules(route, context, AUDIENCE);
  if (rules.length === 0) {
    const deniedAudience = context.validatesTokens ? { audience: 'import:left-out' } : {};
    return { path, upstream: BLOCKED_UPSTREAM, ...deniedAudience, rules: DENIED_RULES };
  }
  const { upstream, stripPrefix, introspect, upstreamToken, claimHeaders, maxBody } = target;
  return {
    path,
    upstream,
    ...(stripPrefix === undefined ? {} : { stripPrefix }),
    ...(audience === undefined ? {} : { audience }),
    ...(introspect === true && context.validatesTokens && rules.some(({ token }) => token !== 'none')
      ? { introspect }
      : {}),
    ...(upstreamToken === undefined ? {} : { upstreamToken }),
    rules,
    ...(claimHeaders === undefined ? {} : { claimHeaders }),
    ...(maxBody === undefined ? {} : { maxBody: `${maxBody}b` }),
  };
}

function providerInput({ provider, clockTolerance }: Draft, context: RuleContext): Record<string, unknown> {
  const { clientAuth, scopes } = provider ?? {};
  return {
    issuer: context.issuer,
    clientId: context.clientId,
    ...(clientAuth === 'private_key_jwt'
      ? { clientAuth, privateKey: { env: 'OIDC_PRIVATE_KEY' } }
      : { clientSecret: { env: 'OIDC_CLIENT_SECRET' }, ...(clientAuth === undefined ? {} : { clientAuth }) }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(clockTolerance === undefined ? {} : { clockTolerance: `${clockTolerance}s` }),
  };
}

/**
 * The originals accept any `typ` header. If ID tokens have the same audience as access tokens, the gateway must require the
 * mark of access tokens.
 */
function issuerInput(draft: Draft, issuer: string, audiences: ReadonlySet<string>, clientId: string) {
  const algorithms = draft.issuers.get(issuer);
  const url = renderVariables(issuer);
  const mark = URL.canParse(url) ? productOf(url).accessTokenMark : undefined;
  const type = audiences.has(clientId) && mark !== 'payload' ? 'at+jwt' : mark === 'header' ? 'any' : undefined;
  return { ...(type === undefined ? {} : { type }), ...(algorithms === undefined ? {} : { algorithms }) };
}

function accessTokensInput(draft: Draft, context: RuleContext, routes: readonly Record<string, unknown>[]) {
  const { issuer, clientId, trustedIssuers } = context;
  const audiences = new Set(routes.flatMap(({ audience }) => (Array.isArray(audience) ? audience.map(String) : [])));
  const needsDefaultAudience = routes.some(
    ({ audience, rules }) => audience === undefined && JSON.stringify(rules).includes('"user'),
  );
  const otherIssuers = trustedIssuers.filter((name) => name !== issuer);
  return {
    ...(needsDefaultAudience ? { audience: AUDIENCE } : {}),
    provider: {
      ...issuerInput(draft, issuer, audiences, clientId),
      ...(draft.acceptsOpaque === true || routes.some(({ introspect }) => introspect === true)
        ? { introspection: {} }
        : {}),
    },
    ...(otherIssuers.length === 0
      ? {}
      : { issuers: otherIssuers.map((name) => ({ issuer: name, ...issuerInput(draft, name, audiences, clientId) })) }),
  };
}

function sessionInput({ session }: Draft): Record<string, unknown> {
  if (session === undefined || Object.keys(session).length === 0) return {};
  const { redis, ...timeouts } = session;
  return { session: { ...(redis === true ? { store: { redis: { url: variable('REDIS_URL') } } } : {}), ...timeouts } };
}

function renderValues(value: unknown): unknown {
  if (typeof value === 'string') return renderVariables(value);
  if (Array.isArray(value)) return value.map(renderValues);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renderValues(inner)]));
}

/** Renders YAML with a comment before each route and one line for each rule. */
function toYaml(config: unknown, title: string, routes: readonly ResolvedRoute[]): string {
  const document = new Document(renderValues(config));
  document.commentBefore = ` ${title}`;
  const list = document.get('routes');
  if (isSeq(list))
    for (const [index, item] of list.items.entries()) {
      if (!isMap(item)) continue;
      const names = new Set((routes[index]?.sources ?? []).map(({ name }) => name));
      item.commentBefore = ` ${[...names].join(', ')}`.replace(/[\r\n]/g, ' ');
      const rules = item.get('rules');
      if (isSeq(rules)) for (const rule of rules.items) if (isMap(rule)) rule.flow = true;
    }
  return document.toString({ lineWidth: 0 });
}

/** Returns the configuration of a draft. Throws `ImportError` when it would have neither sign-in nor a route that allows a request. */
export function writeDraft(draft: Draft, title: string): DraftOutput {
  const resolved = resolveRoutes(draft.routes);
  const prefix = choosePrefix(draft, resolved);
  const hidden = resolved.filter(({ path }) => hidesEndpoint(path, prefix));
  const routes = resolved.filter((route) => !hidden.includes(route));
  const requirements = routes.flatMap(({ rules }) => rules.map(({ access }) => access));
  const context = createRuleContext(draft, requirements);
  if (requirements.length === 0 && draft.provider === undefined)
    throw new ImportError('nothing could be translated: no route allows a request');
  const inputs = routes.map((route) => routeInput(route, context));
  const config = {
    publicUrl: draft.publicUrl ?? variable('PUBLIC_URL'),
    secrets: { keys: [{ id: 'k1', env: 'GATEWAY_KEY' }] },
    provider: providerInput(draft, context),
    ...sessionInput(draft),
    ...(prefix === '' ? {} : { endpoints: { prefix } }),
    ...(context.validatesTokens ? { accessTokens: accessTokensInput(draft, context, inputs) } : {}),
    routes: inputs,
  };
  return {
    yaml: toYaml(config, title, routes),
    notes: [...hidden.flatMap(hiddenNote), ...routes.flatMap(routeNotes)],
  };
}
