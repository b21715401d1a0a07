/** The products whose configuration can be read; apart from the readers, which nobody needs who only serves calls. */

/** Names as `bff-gateway import` takes them. */
export const IMPORT_FORMATS = ['kong', 'apim', 'apigee', 'oauth2-proxy'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
