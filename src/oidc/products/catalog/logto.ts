/** Logto: opaque access tokens unless the authorization and the token request name the API. */
import type { Product } from '../base/product.ts';
import { standard } from '../base/standard.ts';

export const logto: Product<'logto'> = {
  ...standard,
  kind: 'logto',
  displayName: 'Logto',
  exampleIssuers: ['https://shop.logto.app/oidc'],
  ownsIssuer: ({ hostname }) => hostname.endsWith('.logto.app'),
  // Without it the scope `offline_access` is dropped (OIDC Core 11); an application of one's own shows no consent page.
  authorizationParams: { prompt: 'consent' },
  // https://docs.logto.io/authorization/global-api-resources: the code exchange and each refresh name the API again.
  repeatedParams: ['resource'],
  doctor: {
    missingAudience: {
      param: 'resource',
      message: 'no resource is requested, so Logto issues opaque access tokens',
      hint: 'Set provider.authorizationParams.resource to the identifier of the API (Logto console: API resources).',
    },
  },
};
