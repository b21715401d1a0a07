/** Lists the products: each export is a product, under the name that `provider.kind` has for it. */
export { auth0 } from './auth0.ts';
export { entra } from './entra.ts';
export { generic } from './generic.ts';
export { keycloak } from './keycloak.ts';
