/** Creates valid or changed logout tokens of the test provider, and posts them to a gateway. */
import { randomUUID } from 'node:crypto';
import { signToken, type TokenDraft } from './keys.ts';
import type { Provider } from './provider.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Creates a token that ends the session `claims.sid` or all sessions of `claims.sub`; `change` is applied before signing. */
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

/** Posts a logout token to a gateway as a provider does. */
export async function postLogoutToken(gatewayUrl: string, token: string): Promise<Response> {
  const body = new URLSearchParams({ logout_token: token });
  return await fetch(`${gatewayUrl}/backchannel-logout`, { method: 'POST', body, redirect: 'manual' });
}
