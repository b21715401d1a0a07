/** Writes a draft as a `gateway.yaml`: nothing in it is a secret, and what the source did not say is a variable. */
import { Document, isMap, isSeq } from 'yaml';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { productOf } from '../oidc/products/registry.ts';
import { BLOCKED_UPSTREAM, type Draft, ImportError, type Note, renderVariables, variable } from './draft/draft.ts';
import { covers } from './draft/patterns.ts';
import { type ResolvedRoute, resolveRoutes } from './resolve-routes.ts';
import { buildRules, needsTokenValidation, type RuleContext } from './rules.ts';

export interface DraftOutput {
  yaml: string;
  /** What was found while writing. */
  notes: Note[];
}

const AUDIENCE = variable('API_AUDIENCE');
const PREFIXES = ['', '/bff', '/bff-gateway'];

const hidesEndpoint = (path: string, prefix: string) =>
  Object.values(endpointPaths({ prefix })).some((own) => covers(path, own));

/** The gateway's own endpoints have to be reachable beside the routes. */
function choosePrefix({ prefix }: Draft, routes: readonly ResolvedRoute[]): string {
  const choices = prefix === undefined ? PREFIXES : [prefix, ...PREFIXES];
  const hidden = (choice: string) => routes.filter(({ path }) => hidesEndpoint(path, choice)).length;
  return [...choices].sort((a, b) => hidden(a) - hidden(b))[0] ?? '';
}

function routeNote(route: ResolvedRoute, verdict: Note['verdict'], text: string): Note[] {
  return route.sources.slice(0, 1).map(({ file, line }) => ({ file, line, verdict, text }));
}

function routeNotes(route: ResolvedRoute): Note[] {
  const { path, otherTargets, stricterFor } = route;
  const text = (name: string) =>
    `${name}: its calls to ${path} are denied, since another route sends that path elsewhere`;
  const notes = otherTargets.map(
    ({ file, line, name }): Note => ({ file, line, verdict: 'left out', text: text(name) }),
  );
  if (route.claimHeadersDropped)
    notes.push(
      ...routeNote(route, 'left out', `headers made of claims on ${path}: not all routes of this path make the same`),
    );
  if (stricterFor.length === 0) return notes;
  const why = 'the original decides by letters or by a last slash, the gateway by whole segments';
  return [
    ...notes,
    ...routeNote(route, 'approximated', `${path} also asks for what ${stricterFor.join(', ')} asks for: ${why}`),
  ];
}

/** A rule that nobody meets, in front of a host that does not exist. */
const DENIED_RULES = [{ methods: ['OPTIONS'], token: 'user', scopes: ['import:left-out'] }];

function routeInput(route: ResolvedRoute, context: RuleContext): Record<string, unknown> {
  const { path, target } = route;
  const { rules, audience } = buildRules(route, context, AUDIENCE);
  if (rules.length === 0) {
    const nobody = context.validatesTokens ? { audience: 'import:left-out' } : {};
    return { path, upstream: BLOCKED_UPSTREAM, ...nobody, rules: DENIED_RULES };
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

/** The originals take tokens whatever their header says. Where ID tokens have the same audience, the mark is needed. */
function issuerInput(draft: Draft, issuer: string, audiences: ReadonlySet<string>, clientId: string) {
  const algorithms = draft.issuers.get(issuer);
  const url = renderVariables(issuer);
  const mark = URL.canParse(url) ? productOf(url).accessTokenMark : undefined;
  const type = audiences.has(clientId) && mark !== 'payload' ? 'at+jwt' : mark === 'header' ? 'any' : undefined;
  return { ...(type === undefined ? {} : { type }), ...(algorithms === undefined ? {} : { algorithms }) };
}

function accessTokensInput(
  draft: Draft,
  context: RuleContext,
  routes: readonly Record<string, unknown>[],
  trusted: readonly string[],
) {
  const { issuer, clientId } = context;
  const audiences = new Set(routes.flatMap(({ audience }) => (Array.isArray(audience) ? audience.map(String) : [])));
  const lacking = routes.some(
    ({ audience, rules }) => audience === undefined && JSON.stringify(rules).includes('"user'),
  );
  const further = trusted.filter((name) => name !== issuer);
  return {
    ...(lacking ? { audience: AUDIENCE } : {}),
    provider: {
      ...issuerInput(draft, issuer, audiences, clientId),
      ...(draft.acceptsOpaque === true || routes.some(({ introspect }) => introspect === true)
        ? { introspection: {} }
        : {}),
    },
    ...(further.length === 0
      ? {}
      : { issuers: further.map((name) => ({ issuer: name, ...issuerInput(draft, name, audiences, clientId) })) }),
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

/** YAML with a remark before each route, and rules on one line each. */
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

/** The configuration of a draft. Throws `ImportError` when there is nothing that anybody could reach or sign in to. */
export function writeDraft(draft: Draft, title: string): DraftOutput {
  const settled = resolveRoutes(draft.routes);
  const prefix = choosePrefix(draft, settled);
  const hidden = settled.filter(({ path }) => hidesEndpoint(path, prefix));
  const routes = settled.filter((route) => !hidden.includes(route));
  const asked = routes.flatMap(({ rules }) => rules.map(({ access }) => access));
  const used = new Set(asked.flatMap(({ issuers = [] }) => issuers));
  const trusted = [...draft.issuers.keys()].filter((name) => used.has(name));
  const issuer = draft.provider?.issuer ?? trusted[0] ?? variable('OIDC_ISSUER');
  const context: RuleContext = {
    issuer,
    clientId: draft.provider?.clientId ?? variable('OIDC_CLIENT_ID'),
    validatesTokens: asked.some(needsTokenValidation),
    severalIssuers: new Set([issuer, ...trusted]).size > 1,
  };
  const notes = [
    ...hidden.flatMap((route) =>
      routeNote(
        route,
        'left out',
        `${route.path} would hide the gateway's own endpoints: write the paths below it as routes`,
      ),
    ),
    ...routes.flatMap(routeNotes),
  ];
  if (asked.length === 0 && draft.provider === undefined)
    throw new ImportError('nothing in it could be translated: no route lets anybody through');
  const inputs = routes.map((route) => routeInput(route, context));
  const config = {
    publicUrl: draft.publicUrl ?? variable('PUBLIC_URL'),
    secrets: { keys: [{ id: 'k1', env: 'GATEWAY_KEY' }] },
    provider: providerInput(draft, context),
    ...sessionInput(draft),
    ...(prefix === '' ? {} : { endpoints: { prefix } }),
    ...(context.validatesTokens ? { accessTokens: accessTokensInput(draft, context, inputs, trusted) } : {}),
    routes: inputs,
  };
  return { yaml: toYaml(config, title, routes), notes };
}
