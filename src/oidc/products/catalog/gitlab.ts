/** GitLab: opaque access tokens, groups in `groups_direct`, and no sign-out at the provider. */
import { stringsOf } from '../base/claims.ts';
import { offlineAccessFindings, refuseJwt, userWithSubject } from '../base/opaque.ts';
import type { Product } from '../base/product.ts';
import { standard } from '../base/standard.ts';

export const gitlab: Product<'gitlab'> = {
  ...standard,
  kind: 'gitlab',
  displayName: 'GitLab',
  exampleIssuers: ['https://gitlab.com'],
  ownsIssuer: ({ hostname }) => hostname === 'gitlab.com',
  accessTokenMark: 'payload',
  // JWTs of this issuer are ID tokens; those of CI jobs have any audience that the job chooses
  // (https://docs.gitlab.com/ci/secrets/id_token_authentication/).
  rejectionReason: refuseJwt('GitLab'),
  subjectOf: userWithSubject,
  // Introspection names no audience, only the application that the token was issued to.
  audienceClaims: ['aud', 'client_id'],
  groupsOf: ({ groups, groups_direct: direct }) => stringsOf(groups ?? direct),
  configurationFindings: offlineAccessFindings(
    'GitLab',
    'set scopes without it: the code flow returns a refresh token anyway',
  ),
};
