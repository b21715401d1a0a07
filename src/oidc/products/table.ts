/** Lists the products: each export is a product, under the name that `provider.kind` has for it. */
export { adfs } from './catalog/adfs.ts';
export { auth0 } from './catalog/auth0.ts';
export { authentik } from './catalog/authentik.ts';
export { cognito } from './catalog/cognito.ts';
export { entra } from './catalog/entra.ts';
export { generic } from './catalog/generic.ts';
export { gitlab } from './catalog/gitlab.ts';
export { google } from './catalog/google.ts';
export { keycloak } from './catalog/keycloak.ts';
export { logto } from './catalog/logto.ts';
export { okta } from './catalog/okta.ts';
export { pingone } from './catalog/pingone.ts';
export { zitadel } from './catalog/zitadel.ts';
