/** Google: opaque access tokens, refresh tokens by `access_type`, and no sign-out at the provider. */
import { offlineAccessFindings, refuseJwt, userWithSubject } from '../base/opaque.ts';
import type { Product } from '../base/product.ts';
import { standard } from '../base/standard.ts';

export const google: Product<'google'> = {
  ...standard,
  kind: 'google',
  displayName: 'Google',
  exampleIssuers: ['https://accounts.google.com'],
  ownsIssuer: ({ hostname }) => hostname === 'accounts.google.com',
  accessTokenMark: 'payload',
  // JWTs of this issuer are ID tokens; those of service accounts have any audience that their owner chooses.
  rejectionReason: refuseJwt('Google'),
  subjectOf: userWithSubject,
  // https://developers.google.com/identity/openid-connect/openid-connect#access-type-param
  authorizationParams: { access_type: 'offline' },
  configurationFindings: offlineAccessFindings(
    'Google',
    'set scopes: [openid, profile, email]; the gateway requests a refresh token with access_type=offline',
  ),
};
