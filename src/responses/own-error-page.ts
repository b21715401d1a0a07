/** The page that the application has for errors: which errors lead to it, and to which address. */
import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';

/** Returns where an error leads; undefined where the built-in page is shown. */
export type OwnErrorPage = (
  req: Pick<IncomingMessage, 'method' | 'url'>,
  error: GatewayError,
  reference: string,
  returnAddress: string | undefined,
) => string | undefined;

/** The path without the slash at its end, which a front end may add or remove by a redirect. */
const pathOf = (address: string | undefined) => (address ?? '').split(/[?#]/, 1)[0]?.replace(/(?<=.)\/$/, '');

/**
 * Creates the choice. An error of the page itself, or of a sign-in that leads to it, is never sent there: the browser would go
 * round in circles. The question whether a link of another site may be opened is for the built-in page alone.
 */
export function createOwnErrorPage({
  pages: { errorUrl },
  publicUrl,
}: Pick<Config, 'pages' | 'publicUrl'>): OwnErrorPage {
  if (errorUrl === undefined) return () => undefined;
  const target = new URL(errorUrl, publicUrl);
  const ownPath = target.origin === publicUrl ? pathOf(target.pathname) : undefined;
  return function ownErrorPage({ method, url }, { code }, reference, returnAddress) {
    if (method !== 'GET' || code === 'navigation_unconfirmed') return undefined;
    if (ownPath !== undefined && [pathOf(url), pathOf(returnAddress)].includes(ownPath)) return undefined;
    const address = new URL(target);
    address.searchParams.set('code', code);
    address.searchParams.set('reference', reference);
    return address.href;
  };
}
