/** The provider contract with the paths, tokens and client authentication of Keycloak; e2e tests use a real one. */
import { providerContract } from '../../contract/provider.ts';
import { startProvider } from '../../support/provider.ts';
import type { State } from '../../support/provider-state.ts';
import type { Product } from '../../support/provider-types.ts';

const PATH = '/auth/realms/shop/protocol/openid-connect';

/** The token type is in the payload and the header says JWT; there are realm and client roles. */
function keycloak(state: State): Product {
  return {
    paths: {
      authorize: [`${PATH}/auth`],
      token: [`${PATH}/token`],
      jwks: [`${PATH}/certs`],
      userinfo: [`${PATH}/userinfo`],
      revocation: [`${PATH}/revoke`],
      introspection: [`${PATH}/token/introspect`],
      end_session: [`${PATH}/logout`],
    },
    behaviour: {
      idToken: (draft) => ({ ...draft, claims: { ...draft.claims, typ: 'ID', azp: state.client.id } }),
      accessToken: (draft) => ({
        ...draft,
        header: { ...draft.header, typ: 'JWT' },
        claims: {
          ...Object.fromEntries(Object.entries(draft.claims).filter(([name]) => name !== 'client_id')),
          typ: 'Bearer',
          azp: state.client.id,
          realm_access: { roles: ['editor'] },
          resource_access: { 'orders-api': { roles: ['reader'] } },
        },
      }),
    },
  };
}

providerContract({
  name: 'Keycloak, simulated below a path',
  start: () => startProvider({ issuerPath: '/auth/realms/shop', product: keycloak }),
  provider: {},
  profile: { sub: 'user-alice', preferred_username: 'alice' },
  accessToken: ({ client }) => ({
    typ: 'Bearer',
    azp: client.id,
    aud: 'orders-api',
    realm_access: { roles: ['editor'] },
  }),
  refresh: {},
  revoked: ['refresh_token', 'access_token'],
  signOut: {
    path: `${PATH}/logout`,
    params: ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'],
  },
});
