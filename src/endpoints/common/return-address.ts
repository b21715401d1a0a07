/** Keeps where a sign-in leads to beside its request, so that the page of a failed sign-in offers the next try with it. */
const addresses = new WeakMap<object, string>();

/** Keeps the checked return address of the sign-in that a request belongs to. */
export function keepReturnAddress(req: object, returnTo: string): void {
  addresses.set(req, returnTo);
}

/** Returns the return address of the sign-in that a request belongs to, if any. */
export const returnAddressOf = (req: object): string | undefined => addresses.get(req);

/** Returns the login URL for another try of the sign-in that a request belongs to, if any, else the plain one. */
export function retryUrl(req: object, loginUrl: string): string {
  const returnTo = addresses.get(req);
  return returnTo === undefined || returnTo === '/' ? loginUrl : `${loginUrl}?${new URLSearchParams({ returnTo })}`;
}
