/** Creates valid or changed access tokens of the test provider for clients that send their own. */
import { randomUUID } from 'node:crypto';
import { type SigningKey, signToken, type TokenDraft } from './keys.ts';
import type { Provider } from './provider.ts';

export type Change = (draft: TokenDraft) => void;

/** An access token (RFC 9068) of `issuer`, signed with `key`; a user's token by default. `change` is applied before signing. */
export function createAccessToken(
  { issuer, key }: { issuer: string; key: SigningKey },
  claims: Record<string, unknown> = {},
  change: Change = () => {},
  now = Date.now(),
): string {
  const seconds = Math.floor(now / 1000);
  const draft: TokenDraft = {
    header: { alg: key.alg, kid: key.kid, typ: 'at+jwt' },
    claims: {
      iss: issuer,
      sub: 'user-alice',
      client_id: 'some-client',
      aud: 'orders-api',
      scope: 'read:orders',
      iat: seconds,
      exp: seconds + 300,
      jti: randomUUID(),
      ...claims,
    },
    key,
    signature: 'key',
  };
  change(draft);
  return signToken(draft);
}

/** An access token signed with the provider's current key. */
export function accessToken(
  provider: Provider,
  claims: Record<string, unknown> = {},
  change?: Change,
  now?: number,
): string {
  return createAccessToken({ issuer: provider.issuer, key: provider.currentKey() }, claims, change, now);
}

/** A service's token: its subject is its client. */
export const serviceToken = (provider: Provider, claims: Record<string, unknown> = {}) =>
  accessToken(provider, { sub: 'reports-job', client_id: 'reports-job', ...claims });

/** Changes for `change` parameters. */
export const set =
  (claims: Record<string, unknown>): Change =>
  (draft) =>
    void Object.assign(draft.claims, claims);
export const drop =
  (name: string): Change =>
  (draft) =>
    void Reflect.deleteProperty(draft.claims, name);
export const head =
  (header: Record<string, unknown>): Change =>
  (draft) =>
    void Object.assign(draft.header, header);
