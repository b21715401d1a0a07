/** Writes many sessions of one user into a store, as sign-ins would, and index entries without a session. */
import { randomBytes } from 'node:crypto';
import type { SessionData as ExpressSession } from 'express-session';
import type { Config } from '../../src/config/schema/schema.ts';
import { digest } from '../../src/crypto/digest.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { SealedSessionStore } from '../../src/session/express-session-store.ts';
import { createSessionDirectory } from '../../src/session/session-directory.ts';
import { sealTokens } from '../../src/session/session-service.ts';
import type { TokenRecord } from '../../src/session/session-types.ts';
import type { Store } from '../../src/store/port/store.ts';
import { signToken } from './keys.ts';
import type { Provider } from './provider.ts';

const HOUR_MS = 3_600_000;

export interface ManySessions {
  config: Config;
  store: Store;
  provider: Provider;
  sub: string;
  /** Sessions to create. */
  live: number;
  /** Index entries without a session, as sessions that expired leave behind. */
  dead?: number;
}

/** Returns the keys of the sessions. */
export async function createManySessions({ config, store, provider, sub, live, dead = 0 }: ManySessions) {
  const { issuer, clientId } = config.provider;
  const keyring = createKeyring(config.secrets.keys, `${config.publicUrl} ${issuer} ${clientId}`);
  const { idleTimeout } = config.session;
  const sealed = new SealedSessionStore({ app: config.app, store, keyring, idleTimeout, clock: Date.now });
  const directory = createSessionDirectory({ store, sessions: { peek: async () => undefined }, keyring });
  const now = Date.now();
  const data = { issuer, sub, createdAt: now, expiresAt: now + HOUR_MS };
  const key = provider.currentKey();
  const claims = { iss: issuer, sub, aud: clientId };
  const idToken = signToken({ header: { alg: key.alg, kid: key.kid }, claims, key, signature: 'key' });
  const create = async (n: number) => {
    const sid = randomBytes(32).toString('base64url');
    const tokens: TokenRecord = {
      accessToken: `access-${sub}-${n}`,
      accessTokenExpiresAt: now + HOUR_MS,
      obtainedAt: now,
      refreshToken: `refresh-${sub}-${n}`,
      idToken,
      scope: 'openid',
    };
    await store.createTokens(digest(sid), sealTokens(keyring, digest(sid), tokens), idleTimeout);
    await directory.add(digest(sid), data);
    await new Promise<void>((resolve, reject) =>
      sealed.set(sid, { cookie: { originalMaxAge: null }, login: data } as ExpressSession, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    return digest(sid);
  };
  const keys: string[] = [];
  // In parallel, but fewer than a store accepts at a time.
  for (let from = 0; from < live; from += 200)
    keys.push(...(await Promise.all(Array.from({ length: Math.min(200, live - from) }, (_, n) => create(from + n)))));
  for (let from = 0; from < dead; from += 200)
    await Promise.all(
      Array.from({ length: Math.min(200, dead - from) }, (_, n) => directory.add(digest(`dead ${from + n}`), data)),
    );
  return keys;
}
