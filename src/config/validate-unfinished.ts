/** Options that are understood and have no effect yet: they stop the start, rather than be believed. */
import type { Finding } from './faults.ts';
import type { Config } from './schema.ts';

/** One row for each. */
export function unfinishedFindings({ provider }: Config): Finding[] {
  const rows: [string, boolean][] = [
    ['profile', provider.profile !== 'default'],
    ['pushedRequests', provider.pushedRequests === 'always'],
    ['signedRequests', provider.signedRequests],
    ['dpop', provider.dpop],
    ['clientAuth', provider.clientAuth === 'tls_client_auth'],
    ['tls', provider.tls !== undefined],
  ];
  return rows
    .filter(([, used]) => used)
    .map(([name]) => ({ path: ['provider', name], message: 'this option has no effect yet' }));
}
