/** Lists the products: each export is a product, under the name that `provider.kind` has for it. */
export { auth0 } from './catalog/auth0.ts';
export { entra } from './catalog/entra.ts';
export { generic } from './catalog/generic.ts';
export { keycloak } from './catalog/keycloak.ts';
