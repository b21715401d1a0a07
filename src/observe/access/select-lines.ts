/** Selects the requests that the access log has a line for. */
import type { Config } from '../../config/schema/schema.ts';

/** The parts of a finished request that decide. */
export interface FinishedRequest {
  /** ID of its trace, or else of the request. */
  readonly id: string;
  /** Status of the response; undefined if there was none. */
  readonly status: number | undefined;
  /** Whether the response ended early. */
  readonly isAborted: boolean;
}

const RANGE = 2 ** 32;

/**
 * Maps an ID to [0, 1), evenly (FNV-1a with a final mix). All gateways on the path of a trace select the same requests, whatever form the ID has.
 */
function fractionOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / RANGE;
}

/** Whether the gateway or the upstream failed, or the response ended early. */
const isFailure = ({ status = 0, isAborted }: FinishedRequest) => isAborted || status === 0 || status >= 500;

/** Returns the test of a finished request; undefined if no request has a line. */
export function createSelection({
  access,
  sample,
}: Pick<Config['log'], 'access' | 'sample'>): ((request: FinishedRequest) => boolean) | undefined {
  if (access === 'off') return undefined;
  if (access === 'all') return () => true;
  if (access === 'errors') return isFailure;
  return (request) => isFailure(request) || fractionOf(request.id) < sample;
}
