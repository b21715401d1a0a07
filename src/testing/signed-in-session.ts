/** Stores a session in a gateway of a test, as a sign-in would, and returns its cookie. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { OwnHandlerParts } from '../gateway/app-runtime.ts';
import { readJsonObject } from '../hooks/results.ts';
import { accessTokenIssuersOf } from '../oidc/products/issuers.ts';
import { cookieSettings } from '../session/cookies.ts';
import { sessionKey } from '../session/session-key.ts';
import { sealTokens } from '../session/session-service.ts';
import type { SessionData, TokenRecord } from '../session/session-types.ts';
import { createKeys, type ProviderKeys } from './provider/keys.ts';
import type { TestUser } from './test-user.ts';

/** The key that signs the tokens of all tests of this process; created when it is needed. */
let keys: Promise<ProviderKeys> | undefined;

interface Claims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
}

/** The user with the defaults. */
function complete({ claims: { sub = 'test-user', ...claims } = {}, scope = 'openid', expiresIn = 3600 }: TestUser) {
  if (typeof sub !== 'string' || sub === '') throw new Error('claims.sub must be a text');
  if (!(expiresIn > 0)) throw new Error('expiresIn must be a number of seconds above 0');
  return { claims: { ...claims, sub }, scope, expiresIn };
}

/** The provider of the user, as the gateway is configured with it. */
function providerOf({ providers }: OwnHandlerParts, id: string | undefined) {
  const provider = id === undefined ? providers.all[0] : providers.get(id);
  if (!provider) throw new Error(`the gateway has no provider with the id ${id}`);
  return provider;
}

async function createTokens(parts: OwnHandlerParts, user: TestUser, claims: Claims): Promise<TokenRecord> {
  keys ??= createKeys();
  const { sign } = await keys;
  const { scope, expiresIn } = complete(user);
  const { id, config } = providerOf(parts, user.provider);
  const now = parts.clock();
  const iat = Math.floor(now / 1000);
  const shared = { ...claims, iss: config.issuer, iat, exp: iat + expiresIn };
  const aud = parts.config.accessTokens?.audience ?? config.clientId;
  const access = { ...shared, aud, client_id: config.clientId, jti: randomUUID(), scope, ...user.accessTokenClaims };
  return {
    provider: id,
    accessToken: user.accessToken ?? (await sign(access, 'at+jwt')),
    accessTokenExpiresAt: now + expiresIn * 1000,
    obtainedAt: now,
    idToken: await sign({ ...shared, aud: config.clientId }, 'JWT'),
    scope,
    verified: { issuer: accessTokenIssuersOf(config)[0] ?? config.issuer, claims: access },
  };
}

/** The value of the cookie as express-session writes it: the id and its signature, percent-encoded. */
function signedValue(id: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}

/** Stores a session. Returns the `Cookie` header of its browser. */
export async function storeSession(parts: OwnHandlerParts, user: TestUser): Promise<string> {
  const { config, store, keyring, directory, clock } = parts;
  const { claims } = complete(user);
  const tokens = await createTokens(parts, user, claims);
  const createdAt = clock();
  const { acr, auth_time: authTime } = claims as { acr?: unknown; auth_time?: unknown };
  const data: SessionData = {
    issuer: providerOf(parts, user.provider).config.issuer,
    sub: claims.sub,
    createdAt,
    expiresAt: createdAt + config.session.absoluteTimeout,
    authTime: typeof authTime === 'number' ? authTime : Math.floor(createdAt / 1000),
    ...(typeof acr === 'string' ? { acr } : {}),
    ...(user.data === undefined ? {} : { custom: readJsonObject(user.data) }),
  };
  const id = randomBytes(32).toString('base64url');
  const key = sessionKey(config.app, id);
  const ttl = Math.min(config.session.idleTimeout, config.session.absoluteTimeout);
  await store.createTokens(key, sealTokens(keyring, key, tokens), ttl);
  await directory.add(key, data);
  const sealed = keyring.seal('session', key, JSON.stringify(data));
  // Of the cookie, only the record of a sign-in in progress needs more.
  const cookie = { originalMaxAge: null } as Parameters<typeof store.sessions.set>[1]['cookie'];
  const envelope = { cookie, sealed, expiresAt: createdAt + ttl };
  await new Promise<void>((resolve, reject) => {
    store.sessions.set(key, envelope, (error: unknown) => (error ? reject(error) : resolve()));
  });
  return `${cookieSettings(config).sessionName}=${signedValue(id, keyring.secrets('cookie')[0] ?? '')}`;
}
