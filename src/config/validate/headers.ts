/** Checks the options that name headers: those with a meaning in HTTP or in the gateway cannot be chosen. */
import { canonicalName, isReservedHeader, ORIGIN_HEADERS } from '../../base/header-names.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

const MEANING = 'has a meaning of its own in HTTP or in the gateway';

/** Findings about `identityHeaders`, and about the header names of all routes. */
export function headerFindings({ identityHeaders, routes, csrf }: Config): Finding[] {
  const csrfName = canonicalName(csrf.header);
  const claims = new Set(routes.flatMap(({ claimHeaders }) => Object.keys(claimHeaders)).map(canonicalName));
  const isReserved = (name: string) => isReservedHeader(name) || canonicalName(name) === csrfName;
  return [
    ...identityHeaders.flatMap((name, index) =>
      isReserved(name.replace(/\*$/, '')) ? [{ path: ['identityHeaders', index], message: `${name} ${MEANING}` }] : [],
    ),
    ...routes.flatMap((route, at) => [
      ...Object.keys(route.claimHeaders).flatMap((name) =>
        isReserved(name) ? [{ path: ['routes', at, 'claimHeaders', name], message: `${name} ${MEANING}` }] : [],
      ),
      ...route.requestHeaders.flatMap((name, index) =>
        isReserved(name) || claims.has(canonicalName(name))
          ? [{ path: ['routes', at, 'requestHeaders', index], message: `${name} ${MEANING}; no client may send it` }]
          : [],
      ),
      ...route.responseHeaders.flatMap((name, index) =>
        ORIGIN_HEADERS.includes(name.toLowerCase())
          ? []
          : [
              {
                path: ['routes', at, 'responseHeaders', index],
                message: `${name} is not a header that this option can let pass`,
                hint: `expected one of ${ORIGIN_HEADERS.join(', ')}`,
              },
            ],
      ),
    ]),
  ];
}
