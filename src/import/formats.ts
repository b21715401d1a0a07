/** Names of the products whose configuration can be imported; separate from the readers, so that `start` does not load them. */

/** Values of the argument of `bff-gateway import`. */
export const IMPORT_FORMATS = ['kong', 'apim', 'apigee', 'oauth2-proxy'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
