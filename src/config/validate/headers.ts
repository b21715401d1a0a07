/** Checks the options that name headers: those with a meaning in HTTP or in the gateway cannot be chosen. */
import { canonicalName, isReservedHeader, ORIGIN_HEADERS } from '../../base/header-names.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

const MEANING = 'has a meaning of its own in HTTP or in the gateway';

/** A header that no proxy may send, or that means something else. */
function certificateHeaderFindings(
  { clientCertificateHeader: header, trustedProxies }: Config,
  hasMeaning: (name: string) => boolean,
): Finding[] {
  if (header === undefined) return [];
  const path = ['clientCertificateHeader', 'name'];
  return [
    ...(hasMeaning(header.name) ? [{ path, message: `${header.name} ${MEANING}` }] : []),
    ...(trustedProxies.length === 0
      ? [
          {
            path: ['clientCertificateHeader'],
            message: 'has no effect: the header counts only from trustedProxies, which is empty',
            hint: 'add the address of the proxy that verifies certificates to trustedProxies',
          },
        ]
      : []),
  ];
}

/** Findings about `identityHeaders`, and about the header names of all routes. */
export function headerFindings(config: Config): Finding[] {
  const { identityHeaders, routes, csrf } = config;
  const csrfName = canonicalName(csrf.header);
  const claims = new Set(routes.flatMap(({ claimHeaders }) => Object.keys(claimHeaders)).map(canonicalName));
  const certificateName = config.clientCertificateHeader && canonicalName(config.clientCertificateHeader.name);
  const hasMeaning = (name: string) => isReservedHeader(name) || canonicalName(name) === csrfName;
  const isReserved = (name: string) => hasMeaning(name) || canonicalName(name) === certificateName;
  return [
    ...certificateHeaderFindings(config, hasMeaning),
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
