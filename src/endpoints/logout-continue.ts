/** Leads a browser on to the provider's sign-out after a script signed out, without showing the script what is in the address. */
import type { RequestHandler, Response } from 'express';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { type CookieSettings, singleCookie } from '../session/cookies.ts';
import { redirect } from './context.ts';

export interface LogoutContinueParts {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  clock: () => number;
}

const LIFETIME_MS = 60_000;
const PURPOSE = 'handover';
/** A cookie holds 4096 bytes, name and attributes included (RFC 6265bis 6.1). */
const MAX_VALUE = 3_700;

/** The address without the ID token, when it would not fit into a cookie: the provider asks the user then. */
function fitting(keyring: Keyring, address: string, now: number): string {
  const seal = (url: string) => keyring.seal('logout', PURPOSE, JSON.stringify({ url, until: now + LIFETIME_MS }));
  const sealed = seal(address);
  if (sealed.length <= MAX_VALUE) return sealed;
  const shorter = new URL(address);
  shorter.searchParams.delete('id_token_hint');
  return seal(shorter.href);
}

/** Keeps the provider's address in a sealed cookie; returns the address of ours that leads there, which a script may know. */
export function startLogoutContinue(
  { config, cookies, keyring, clock }: LogoutContinueParts,
  res: Response,
  address: string,
): string {
  res.cookie(cookies.logoutName, fitting(keyring, address, clock()), {
    ...cookies.sessionOptions,
    maxAge: LIFETIME_MS,
  });
  return endpointPaths(config.endpoints).logoutContinue;
}

/** `GET /logout/continue`: once, soon, and by the browser that signed out; else to the signed-out page. */
export function logoutContinueEndpoint({ config, cookies, keyring, clock }: LogoutContinueParts): RequestHandler {
  const { signedOut } = endpointPaths(config.endpoints);
  return function logoutContinue(req, res) {
    const value = singleCookie(req.headers.cookie, cookies.logoutName);
    const text = value === undefined ? undefined : keyring.open('logout', PURPOSE, value);
    const kept = text === undefined ? undefined : (JSON.parse(text) as { url: string; until: number });
    if (value !== undefined) res.clearCookie(cookies.logoutName, cookies.sessionOptions);
    redirect(res, kept && kept.until > clock() ? kept.url : signedOut);
  };
}
