/** What a refusal asks of the sign-in: parameters of the gateway's login endpoint, known by name; never an address to go to. */

/** The parameters that a refusal, or the query of an address, holds (RFC 9470 section 3); everything else in it is ignored. */
export function askedIn(source: Readonly<Record<string, unknown>>): Record<string, string> {
  const asked: Record<string, string> = {};
  for (const name of ['acr_values', 'max_age']) {
    const value = source[name];
    if (typeof value === 'string') asked[name] = value;
  }
  return asked;
}

/** The same of an address that a refusal named. Throws unless it is `endpoint`, the login endpoint of this origin. */
export function askedBy(address: string, endpoint: URL): Record<string, string> {
  const { origin, pathname, searchParams } = new URL(address, endpoint);
  if (origin + pathname !== endpoint.href) throw new TypeError('loginUrl is not the login endpoint');
  return askedIn(Object.fromEntries(searchParams));
}
