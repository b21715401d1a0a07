/** Schemas of the options of a route for cookies, credentials and documents that pass between client and upstream. */
import { z } from 'zod';

/** What passes between client and upstream. */
export const routeContent = {
  requestCookies: z
    .enum(['forward', 'drop'])
    .default('forward')
    .describe('Cookies of the application. Cookies of the gateway are always removed.'),
  setCookie: z
    .enum(['drop', 'forward'])
    .default('drop')
    .describe(
      'Set-Cookie of the upstream; Path and Domain are mapped to the public URL. Cookies with the name of a gateway cookie are always dropped.',
    ),
  cors: z
    .enum(['gateway', 'upstream'])
    .default('gateway')
    .describe(
      'upstream: the upstream receives preflights and decides which origins may read its responses (CORS and Cross-Origin-Resource-Policy). Only if every rule has token: none. gateway: cors.allowedOrigins decides.',
    ),
  authorization: z
    .enum(['drop', 'forward'])
    .default('drop')
    .describe(
      'forward: the upstream receives Authorization and DPoP of the client, whatever their scheme, and checks them itself. Only if every rule has token: none, or on a page with upstreamToken: none and without accessTokens: for a site with a sign-in of its own, such as HTTP Basic.',
    ),
  cache: z
    .enum(['private', 'browser', 'upstream'])
    .default('private')
    .describe(
      'private: responses to signed-in users are never stored, unless the upstream says private itself. browser: the browser stores what the upstream allows any cache to store, shared caches do not. upstream: Cache-Control of the upstream is kept.',
    ),
  documents: z
    .enum(['sandbox', 'forward'])
    .default('sandbox')
    .describe(
      'sandbox: adds Content-Security-Policy: sandbox to responses, so that HTML, SVG and XML documents of the upstream run no script; PDF is exempt. forward: such documents can act as the user.',
    ),
};
