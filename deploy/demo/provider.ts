/** An OpenID provider for the demo: a page to choose a user, short-lived tokens, rotation, revocation, sign-out. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Provider } from 'oidc-provider';
import { loginPage, logoutPage } from './login-page.ts';
import { USERS } from './users.ts';

export interface DemoProviderOptions {
  issuer: string;
  port: number;
  gatewayUrl: string;
  clientSecret: string;
  /** Identifier of the orders API: the audience of access tokens. */
  resource: string;
  cookieKey: string;
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
        scope: 'read:orders write:orders',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: ACCESS_TOKEN_SECONDS,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  };
}

function configuration(
  { gatewayUrl, clientSecret, resource, cookieKey }: DemoProviderOptions,
  key: JWK,
): ConstructorParameters<typeof Provider>[1] {
  return {
    jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig', kid: 'demo' }] },
    clients: [
      {
        client_id: 'demo-shop',
        client_secret: clientSecret,
        redirect_uris: [`${gatewayUrl}/callback`],
        post_logout_redirect_uris: [`${gatewayUrl}/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    cookies: { keys: [cookieKey] },
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
      const user = USERS.find((known) => known.id === id);
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

/** Grants the requested scopes that the chosen user has; the demo has no consent page. */
async function signIn(provider: Provider, req: IncomingMessage, res: ServerResponse, resource: string): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const user = USERS.find(({ id }) => id === req.headers['x-chosen-user']);
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
      if (req.method === 'POST') {
        req.headers['x-chosen-user'] = (await readForm(req)).get('user') ?? '';
        return await signIn(provider, req, res, options.resource);
      }
      await provider.interactionDetails(req, res);
      res
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .end(loginPage(req.url));
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
