/** An OpenID provider for the demo: a page to choose a user, short-lived tokens, rotation, revocation, sign-out. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Provider } from 'oidc-provider';
import { type LoginPage, loginPage, logoutPage } from './login-page.ts';

export interface DemoProviderOptions extends LoginPage {
  issuer: string;
  port: number;
  clients: readonly DemoClient[];
  /** Identifier of the orders API: the audience of access tokens. */
  resource: string;
  cookieKey: string;
}

export interface DemoClient {
  id: string;
  secret: string;
  callback: string;
  signedOut: string;
}

/** Seconds. Short, so that refreshes are visible in the demo. */
const ACCESS_TOKEN_SECONDS = 60;

function features(resource: string): NonNullable<ConstructorParameters<typeof Provider>[1]>['features'] {
  return {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    introspection: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'read:orders write:orders read:all',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: ACCESS_TOKEN_SECONDS,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  };
}

function configuration(
  { port, users, clients, resource, cookieKey }: DemoProviderOptions,
  key: JWK,
): ConstructorParameters<typeof Provider>[1] {
  return {
    jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig', kid: 'demo' }] },
    clients: clients.map(({ id, secret, callback, signedOut }) => ({
      client_id: id,
      client_secret: secret,
      redirect_uris: [callback],
      post_logout_redirect_uris: [signedOut],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    })),
    // Cookies belong to a host, whatever its port, so two providers on one host need different names.
    cookies: {
      keys: [cookieKey],
      names: { session: `_session-${port}`, interaction: `_interaction-${port}`, resume: `_resume-${port}` },
    },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'roles'] },
    conformIdTokenClaims: false,
    // Scopes of the API belong to the resource, see getResourceServerInfo.
    scopes: ['openid', 'profile', 'offline_access'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      RefreshToken: 28_800,
      IdToken: 3_600,
      Session: 28_800,
      Grant: 28_800,
      Interaction: 600,
    },
    features: features(resource),
    findAccount: (_ctx, id) => {
      const user = users.find((known) => known.id === id);
      if (!user) return undefined;
      return {
        accountId: id,
        claims: () => ({ sub: id, name: user.name, preferred_username: user.id, roles: [...user.roles] }),
      };
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  };
}

/** The page to which the shop redirects the browser at sign-out. */
async function logoutSource(ctx: { body: unknown }, form: string): Promise<void> {
  ctx.body = logoutPage(form);
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > 10_000) break;
  }
  return new URLSearchParams(text);
}

/** Grants the requested scopes that the user has; the demo has no consent page. */
async function signIn(
  provider: Provider,
  req: IncomingMessage,
  res: ServerResponse,
  { users, resource }: DemoProviderOptions,
  chosen: string | null | undefined,
): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const user = users.find(({ id }) => id === chosen);
  if (!user) throw new Error('no such user');
  const grant = new provider.Grant({ accountId: user.id, clientId: String(params.client_id) });
  grant.addOIDCScope('openid profile offline_access');
  if (user.scopes.length > 0) grant.addResourceScope(resource, user.scopes.join(' '));
  const requestedScopes = String(params.scope ?? '').split(' ');
  grant.rejectResourceScope(
    resource,
    requestedScopes.filter((scope) => scope.includes(':') && !user.scopes.includes(scope)).join(' '),
  );
  await provider.interactionFinished(
    req,
    res,
    { login: { accountId: user.id }, consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: false },
  );
}

/** Starts the provider. */
export async function startProvider(options: DemoProviderOptions): Promise<Server> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(options.issuer, configuration(options, await exportJWK(privateKey)));
  const handle = provider.callback();
  const server = createServer(async (req, res) => {
    try {
      if (!req.url?.startsWith('/interaction/')) return await handle(req, res);
      if (req.method === 'POST') return await signIn(provider, req, res, options, (await readForm(req)).get('user'));
      const { prompt, params, session } = await provider.interactionDetails(req, res);
      // A user who is signed in already comes to a further application without a click.
      const isKnown = prompt.name === 'consent' && params.prompt === undefined;
      if (isKnown) return await signIn(provider, req, res, options, session?.accountId);
      res
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .end(loginPage(req.url, options));
    } catch {
      if (!res.headersSent)
        res
          .writeHead(400, { 'content-type': 'text/plain' })
          .end('This sign-in has expired. Go back to the application and start again.');
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, '127.0.0.1', resolve));
  return server;
}
