/** Reads what a refusal requires of the sign-in: named parameters of the login endpoint, never an address to navigate to. */

/** The step-up parameters of a refusal or a query (RFC 9470 section 3), and the provider; everything else is ignored. */
export function stepUpParams(source: Readonly<Record<string, unknown>>): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name of ['acr_values', 'max_age', 'provider']) {
    const value = source[name];
    if (typeof value === 'string') params[name] = value;
  }
  return params;
}

/** The step-up parameters of a login URL. Throws unless it is `endpoint`, the login endpoint of this origin. */
export function stepUpParamsOf(loginUrl: string, endpoint: URL): Record<string, string> {
  const { origin, pathname, searchParams } = new URL(loginUrl, endpoint);
  if (origin + pathname !== endpoint.href) throw new TypeError('not the login endpoint');
  return stepUpParams(Object.fromEntries(searchParams));
}
