/** Returns whether the user is signed in and for how long; never a token, and without extending the session. */
import type { EndpointSteps } from './common/endpoint.ts';
import { sendJson } from './common/responses.ts';
import { createSessionState, type SessionStateParts } from './common/session-state.ts';
import { requireCsrf } from './common/steps.ts';

/** `GET /session`: 200 with `authenticated`. With a session cookie it needs the CSRF header; an unavailable store is an error. */
export function session(parts: SessionStateParts): EndpointSteps<'session'> {
  const { config, sessions } = parts;
  const { describeSession, signedOut } = createSessionState(parts);
  return {
    GET: [
      async function sendSession(req, res) {
        const key = sessions.identify(req.headers.cookie);
        if (key !== undefined) requireCsrf(config, req);
        const active = key === undefined ? undefined : await sessions.load(key);
        sendJson(res, (active && (await describeSession(active))) ?? signedOut);
      },
    ],
  };
}
