/** Cleans the response headers of the development server before they reach the browser. */
import type { IncomingMessage } from 'node:http';
import { HOP_BY_HOP } from '../base/header-names.ts';
import type { Config } from '../config/schema/schema.ts';
import { createOwnCookieTest, setsOwnCookie } from '../proxy/headers/own-cookies.ts';
import { isGatewayHeader } from '../proxy/headers/response-names.ts';
import { cookieSettings } from '../session/cookies.ts';

/**
 * Creates the function that removes hop-by-hop headers (RFC 9110 section 7.6.1), the header that marks the gateway's own
 * responses, cookies named like those of the gateway, and the server's own origin in Location.
 */
export function createResponseCleaner(config: Config, origin: string): (response: IncomingMessage) => void {
  const isOwn = createOwnCookieTest(cookieSettings(config));
  return function cleanResponse({ headers }) {
    const connectionOptions = (headers.connection ?? '').toLowerCase().split(',');
    const hopByHop = [...HOP_BY_HOP, 'connection', ...connectionOptions.map((option) => option.trim())];
    for (const name of hopByHop) delete headers[name];
    for (const name of Object.keys(headers)) if (isGatewayHeader(name)) delete headers[name];
    const { location } = headers;
    if (location?.startsWith(`${origin}/`)) headers.location = location.slice(origin.length);
    const cookies = headers['set-cookie']?.filter((cookie) => !setsOwnCookie(cookie, isOwn));
    if (cookies?.length) headers['set-cookie'] = cookies;
    else delete headers['set-cookie'];
  };
}
