/** Authentik: access tokens that contain the claims of the ID token, one issuer for each application. */
import { stringOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { Product } from '../base/product.ts';
import { rejectionReason, standard } from '../base/standard.ts';

/** The name of the service account that Authentik creates for a provider. */
const SERVICE_ACCOUNT = /^ak-.*-client_credentials$/;

/**
 * A user signs in with a session, and `sid` names it. Other service accounts, and users with an app password, have none,
 * and no mark that tells which of both they are.
 */
function subjectOf({ sid, preferred_username: name }: Claims): TokenSubject {
  const service = SERVICE_ACCOUNT.test(stringOf(name) ?? '');
  if (stringOf(sid) === undefined) return service ? 'client' : 'unknown';
  return service ? 'unknown' : 'user';
}

/** Access tokens are the ID token, with its nonce, and with `azp` and `uid` added. */
function authentikRejectionReason(claims: Claims): string | undefined {
  if (stringOf(claims.azp) === undefined || stringOf(claims.uid) === undefined) return 'a token without azp and uid';
  return rejectionReason({ ...claims, nonce: undefined });
}

export const authentik: Product<'authentik'> = {
  ...standard,
  kind: 'authentik',
  displayName: 'Authentik',
  exampleIssuers: ['https://id.example.com/application/o/shop/'],
  ownsIssuer: ({ pathname }) => /^\/application\/o\/[^/]+\/$/.test(pathname),
  accessTokenMark: 'payload',
  rejectionReason: authentikRejectionReason,
  subjectOf,
  clientIdClaim: 'azp',
};
