/** Redirects a browser to the provider's sign-out after a script signed out, so that the script never sees the address. */
import type { Response } from 'express';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { singleCookie } from '../../session/cookies.ts';
import type { EndpointParts, EndpointSteps } from '../common/endpoint.ts';
import { redirect } from '../common/responses.ts';

type LogoutContinueParts = Pick<EndpointParts, 'config' | 'cookies' | 'keyring' | 'clock'>;

const LIFETIME_MS = 60_000;
/** What the cookie is sealed for; part of the sealed format. */
const SEAL_CONTEXT = 'handover';
/** A cookie holds 4096 bytes, name and attributes included (RFC 6265bis section 6.1). */
const MAX_VALUE_BYTES = 3_700;

/** `GET /logout/continue`: once, within a minute, in the browser that signed out; otherwise redirects to the signed-out page. */
export function logoutContinue({
  config,
  cookies,
  keyring,
  clock,
}: LogoutContinueParts): EndpointSteps<'logoutContinue'> {
  const { signedOut } = endpointPaths(config.endpoints);
  return {
    GET: [
      function continueToProvider(req, res) {
        const value = singleCookie(req.headers.cookie, cookies.logoutName);
        const text = value === undefined ? undefined : keyring.open('logout', SEAL_CONTEXT, value);
        const pending = text === undefined ? undefined : (JSON.parse(text) as { url: string; until: number });
        if (value !== undefined) res.clearCookie(cookies.logoutName, cookies.hostOptions);
        redirect(res, pending && pending.until > clock() ? pending.url : signedOut);
      },
    ],
  };
}

/** Stores the provider's address in a sealed cookie; returns our own address that redirects there, which a script may see. */
export function startLogoutContinue(
  { config, cookies, keyring, clock }: LogoutContinueParts,
  res: Response,
  address: string,
): string {
  const value = sealAddress(keyring, address, clock() + LIFETIME_MS);
  res.cookie(cookies.logoutName, value, { ...cookies.hostOptions, maxAge: LIFETIME_MS });
  return endpointPaths(config.endpoints).logoutContinue;
}

/** Drops the ID token from an address that does not fit into a cookie; the provider then asks the user. */
function sealAddress(keyring: Keyring, address: string, until: number): string {
  const seal = (url: string) => keyring.seal('logout', SEAL_CONTEXT, JSON.stringify({ url, until }));
  const sealed = seal(address);
  if (sealed.length <= MAX_VALUE_BYTES) return sealed;
  const shorter = new URL(address);
  shorter.searchParams.delete('id_token_hint');
  return seal(shorter.href);
}
