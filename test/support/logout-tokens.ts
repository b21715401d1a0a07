/** Logout tokens of the test provider, as they should be or changed, and their delivery. */
import { randomUUID } from 'node:crypto';
import { signToken, type TokenDraft } from './keys.ts';
import type { Provider } from './provider.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** A token that ends `claims.sid` or `claims.sub`; `change` has the last word before it is signed. */
export function createLogoutToken(
  provider: Provider,
  claims: Record<string, unknown>,
  change: (draft: TokenDraft) => void = () => {},
  now = Date.now(),
): string {
  const key = provider.currentKey();
  const seconds = Math.floor(now / 1000);
  const draft: TokenDraft = {
    header: { alg: key.alg, kid: key.kid, typ: 'logout+jwt' },
    claims: {
      iss: provider.issuer,
      aud: provider.client.id,
      iat: seconds,
      exp: seconds + 120,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      ...claims,
    },
    key,
    signature: 'key',
  };
  change(draft);
  return signToken(draft);
}

/** Posts it to a gateway as a provider does. */
export async function postLogoutToken(gatewayUrl: string, token: string): Promise<Response> {
  const body = new URLSearchParams({ logout_token: token });
  return await fetch(`${gatewayUrl}/backchannel-logout`, { method: 'POST', body, redirect: 'manual' });
}
