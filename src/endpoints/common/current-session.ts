/** The session of a request to an endpoint. */
import type { Request } from 'express';
import type { ActiveSession } from '../../session/session-types.ts';
import type { EndpointParts } from './endpoint.ts';

/** The live session of the request. Rejects if the store is unavailable. */
export async function currentSession(
  { sessions }: Pick<EndpointParts, 'sessions'>,
  req: Pick<Request, 'headers'>,
): Promise<ActiveSession | undefined> {
  const key = sessions.identify(req.headers.cookie);
  return key === undefined ? undefined : await sessions.load(key);
}
