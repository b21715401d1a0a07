/** The HTTP client for upstreams that a run tests: `own`, or `undici` with TEST_UPSTREAM_CLIENT=undici. */
import type { UpstreamClient } from '../../src/upstream/http/request-port.ts';

export const upstreamClient: UpstreamClient = process.env.TEST_UPSTREAM_CLIENT === 'undici' ? 'undici' : 'own';

/** Cases that hold for the own client only; docs/decisions/0008-upstream-client.md lists where undici differs. */
export const ownOnly = <T>(cases: readonly T[]): readonly T[] => (upstreamClient === 'own' ? cases : []);
