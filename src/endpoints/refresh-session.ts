/** Refreshes the tokens of a session at the request of its front end, for example after the roles of the user changed. */
import { GatewayError } from '../base/errors.ts';
import { requireBinding } from '../policy/require-binding.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { sendJson } from './common/responses.ts';
import { createSessionState, type SessionStateParts } from './common/session-state.ts';
import { requireCsrf } from './common/steps.ts';

/**
 * `POST /session/refresh`: 200 with the state of the session. It does not extend the idle limit: a page may refresh without
 * its user.
 */
export function refreshSession(
  parts: SessionStateParts & Pick<EndpointParts, 'refresher'>,
): EndpointSteps<'refreshSession'> {
  const { config, keyring, sessions, refresher } = parts;
  const { describeSession } = createSessionState(parts);
  return {
    POST: [
      async function refreshTokens(req, res) {
        const key = sessions.identify(req.headers.cookie);
        if (key === undefined) throw new GatewayError('unauthenticated');
        requireCsrf(config, req);
        requireBinding(keyring, req.headers, key);
        const active = await sessions.load(key);
        const result = active && (await refresher.refreshOnDemand(active));
        const state = result && result.kind !== 'ended' ? await describeSession(result.session) : undefined;
        if (!state) throw new GatewayError('unauthenticated');
        sendJson(res, state);
      },
    ],
  };
}
