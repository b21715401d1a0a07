/** Ends one session of the signed-in user, or all but the current one. */
import type { Request, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import { isLogoutNonce } from '../crypto/logout-nonce.ts';
import { contextOf } from './common/context.ts';
import { currentSession } from './common/current-session.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { formParams } from './common/parameters.ts';
import { redirect, sendJson } from './common/responses.ts';
import { parseForm, requireCsrf } from './common/steps.ts';
import { publicId } from './sessions.ts';

type RevokeSessionParts = Pick<EndpointParts, 'config' | 'keyring' | 'sessions' | 'directory' | 'endSessions'>;

/** `POST /sessions/{id}/revoke`; the id `others` means all but the current session. Another user's session is not found. */
export function revokeSession(parts: RevokeSessionParts): EndpointSteps<'revokeSession'> {
  const { keyring, directory, endSessions } = parts;
  return {
    POST: [
      parseForm,
      async function endChosenSessions(req, res) {
        const current = await currentSession(parts, req);
        if (!current) throw new GatewayError('unauthenticated');
        const sender = requireGenuine(parts, req, current.key);
        const { id } = req.params;
        const isChosen = (key: string) => (id === 'others' ? key !== current.key : publicId(keyring, key) === id);
        let [chosen, ended] = [0, 0];
        for await (const batch of directory.ofUser(current.data.issuer, current.data.sub)) {
          const sessions = batch.filter(({ key }) => isChosen(key));
          chosen += sessions.length;
          ended += await endSessions(sessions, 'user');
        }
        if (chosen === 0 && id !== 'others') throw new GatewayError('not_found');
        contextOf(req).log.debug({ count: chosen }, 'user ends sessions');
        respond(parts, res, sender, ended);
      },
    ],
  };
}

/** Tells a form of our page, by its value, from a script, by the CSRF header; throws without either. */
function requireGenuine({ config, keyring }: RevokeSessionParts, req: Request, key: string): 'page' | 'script' {
  if (isLogoutNonce(keyring, key, formParams(req).get('sid'))) return 'page';
  requireCsrf(config, req);
  return 'script';
}

function respond({ config }: RevokeSessionParts, res: Response, sender: 'page' | 'script', ended: number): void {
  if (sender === 'page') redirect(res, endpointPaths(config.endpoints).sessions);
  else sendJson(res, { ended });
}
