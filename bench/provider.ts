/** A provider that grants every request without user interaction, with tokens as large as those of Keycloak. */
import { createSign, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const nonces = new Map<string, string | null>();
const LIFETIME_SECONDS = 86_400;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(payload: Record<string, unknown>, key: KeyObject): string {
  const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'bench' })}.${encode(payload)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`;
}

function tokens(nonce: string | null | undefined): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const user = {
    sub: randomUUID(),
    email_verified: true,
    name: 'Alice Example',
    preferred_username: 'alice',
    given_name: 'Alice',
    family_name: 'Example',
    email: 'alice@example.test',
  };
  const common = {
    exp: now + LIFETIME_SECONDS,
    iat: now,
    auth_time: now,
    iss: issuer,
    azp: 'bench',
    sid: randomUUID(),
    acr: '1',
    ...user,
  };
  const roles = { roles: ['default-roles-bench', 'offline_access', 'uma_authorization', 'user'] };
  return {
    access_token: sign(
      {
        ...common,
        jti: randomUUID(),
        aud: ['orders-api', 'account'],
        typ: 'Bearer',
        'allowed-origins': ['http://localhost:4110'],
        realm_access: roles,
        resource_access: {
          account: { roles: ['manage-account', 'view-profile'] },
          bench: { roles: ['read', 'write'] },
        },
        scope: 'openid email profile',
      },
      privateKey,
    ),
    id_token: sign({ ...common, jti: randomUUID(), aud: 'bench', typ: 'ID', ...(nonce ? { nonce } : {}) }, privateKey),
    refresh_token: randomBytes(480).toString('base64url'),
    expires_in: LIFETIME_SECONDS,
    token_type: 'Bearer',
    scope: 'openid email profile',
  };
}

const discovery = {
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256'],
};
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'RS256' };

function json(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function grant(url: URL, res: ServerResponse): void {
  const code = randomUUID();
  nonces.set(code, url.searchParams.get('nonce'));
  const back = new URL(url.searchParams.get('redirect_uri') ?? issuer);
  back.searchParams.set('code', code);
  back.searchParams.set('state', url.searchParams.get('state') ?? '');
  res.writeHead(302, { location: back.href }).end();
}

async function redeem(req: IncomingMessage, res: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of req) body += chunk;
  const code = new URLSearchParams(body).get('code') ?? '';
  json(res, tokens(nonces.get(code)));
  nonces.delete(code);
}

createServer((req, res) => {
  const url = new URL(req.url ?? '/', issuer);
  if (url.pathname === '/.well-known/openid-configuration') json(res, discovery);
  else if (url.pathname === '/jwks') json(res, { keys: [jwk] });
  else if (url.pathname === '/auth') grant(url, res);
  else if (url.pathname === '/userinfo') json(res, { sub: 'alice', email: 'alice@example.test', email_verified: true });
  else if (url.pathname === '/sample') json(res, tokens(undefined));
  else if (url.pathname === '/token') redeem(req, res).catch(() => res.destroy());
  else res.writeHead(404).end();
}).listen(port, '127.0.0.1');
