/** Names of request spans: few, as an index of traces needs them; a path is none. */

/** Methods with a name in the semantic conventions for HTTP; others would be names without bounds. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']);

/** Value of `http.request.method`. */
export const methodAttribute = (method = '') => (METHODS.has(method) ? method : '_OTHER');

export function requestSpanName(method = '', route?: string): string {
  const name = METHODS.has(method) ? method : 'HTTP';
  return route === undefined ? name : `${name} ${route}`;
}
