/** Checks the options that name headers: those with a meaning in HTTP or in the gateway cannot be chosen. */
import { canonicalName, isReservedHeader, ORIGIN_HEADERS } from '../../base/header-names.ts';
import { BINDING_HEADER, GATEWAY_HEADER } from '../../client/gateway-header.ts';
import { insteadOf, isFixedRequestHeader, isFixedResponseHeader } from '../changes/fixed-names.ts';
import { callerHeaders, type ValueChanges } from '../changes/header-changes.ts';
import { claimVariables } from '../changes/value-template.ts';
import type { Config, RouteConfig } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

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

type Change = keyof ValueChanges;
const CHANGES = ['set', 'add', 'remove'] as const;

/** The names of changes to headers, each with its path. */
function namesOf(changes: ValueChanges, at: Path): { name: string; change: Change; path: Path }[] {
  return CHANGES.flatMap((change) => {
    const entries = changes[change];
    const names = Array.isArray(entries) ? (entries as string[]) : Object.keys(entries);
    return names.map((name, index) => ({
      name,
      change,
      path: [...at, change, Array.isArray(entries) ? index : name],
    }));
  });
}

/** Names that a change sets or removes twice: the case of a name does not count (RFC 9110 section 5.1). */
function repeatedFindings(changes: ValueChanges, at: Path): Finding[] {
  const seen = new Set<string>();
  return namesOf(changes, at)
    .filter(({ change }) => change !== 'add')
    .flatMap(({ name, path }) => {
      const canonical = canonicalName(name);
      if (seen.has(canonical))
        return [{ path, message: `${name} is set or removed twice`, hint: 'remove one of them' }];
      seen.add(canonical);
      return [];
    });
}

/** Whether `Authorization` is a credential of the upstream: a secret in place of any access token. */
const isUpstreamCredential = ({ requestHeaders, upstreamToken, authorization }: RouteConfig, name: string) =>
  canonicalName(name) === 'authorization' &&
  typeof requestHeaders.set[name] === 'object' &&
  upstreamToken === 'none' &&
  authorization === 'drop';

/** Changes to the request headers of a route. */
function requestFindings(route: RouteConfig, isReserved: (name: string) => boolean, at: Path): Finding[] {
  const { requestHeaders, claimHeaders } = route;
  const claims = new Set(Object.keys(claimHeaders).map(canonicalName));
  const isFixed = (name: string) =>
    isReserved(name) || isFixedRequestHeader(name) || canonicalName(name) === canonicalName(BINDING_HEADER);
  return namesOf(requestHeaders, at).flatMap(({ name, change, path }): Finding[] => {
    if (change === 'set' && isUpstreamCredential(route, name)) return [];
    if (isFixed(name)) return [{ path, message: `${name} ${MEANING}`, hint: insteadOf(name) }];
    if (claims.has(canonicalName(name)))
      return [{ path, message: `claimHeaders sets ${name} as well`, hint: 'remove one of them' }];
    const value = change === 'add' ? requestHeaders.add[name] : undefined;
    return value !== undefined && claimVariables(value).length > 0
      ? [{ path, message: 'a client could send the same header beside the claim', hint: 'use set' }]
      : [];
  });
}

/** Changes to the response headers of a route. */
function responseFindings({ responseHeaders }: RouteConfig, at: Path): Finding[] {
  const passed = responseHeaders.pass.map(canonicalName);
  return namesOf(responseHeaders, at).flatMap(({ name, change, path }): Finding[] =>
    isFixedResponseHeader(name, change, passed) || canonicalName(name) === canonicalName(GATEWAY_HEADER)
      ? [{ path, message: `${name} ${MEANING}`, hint: insteadOf(name) }]
      : [],
  );
}

/** Names that pass although they are dropped by default. */
function passFindings({ requestHeaders, responseHeaders }: RouteConfig, isTaken: (name: string) => boolean, at: Path) {
  return [
    ...requestHeaders.pass.flatMap((name, index): Finding[] =>
      isTaken(name)
        ? [{ path: [...at, 'requestHeaders', 'pass', index], message: `${name} ${MEANING}; no client may send it` }]
        : [],
    ),
    ...responseHeaders.pass.flatMap((name, index): Finding[] =>
      ORIGIN_HEADERS.includes(name.toLowerCase())
        ? []
        : [
            {
              path: [...at, 'responseHeaders', 'pass', index],
              message: `${name} is not a header that this option can let pass`,
              hint: `expected one of ${ORIGIN_HEADERS.join(', ')}`,
            },
          ],
    ),
  ];
}

/** Findings about `identityHeaders`, and about the header names of all routes. */
export function headerFindings(config: Config): Finding[] {
  const { identityHeaders, routes, csrf } = config;
  const csrfName = canonicalName(csrf.header);
  const ofCallers = routes.flatMap(({ claimHeaders, requestHeaders }) => [
    ...Object.keys(claimHeaders),
    ...callerHeaders(requestHeaders),
  ]);
  const claims = new Set(ofCallers.map(canonicalName));
  const certificateName = config.clientCertificateHeader && canonicalName(config.clientCertificateHeader.name);
  const hasMeaning = (name: string) => isReservedHeader(name) || canonicalName(name) === csrfName;
  const isReserved = (name: string) => hasMeaning(name) || canonicalName(name) === certificateName;
  const isTaken = (name: string) => isReserved(name) || claims.has(canonicalName(name));
  return [
    ...certificateHeaderFindings(config, hasMeaning),
    ...identityHeaders.flatMap((name, index) =>
      isReserved(name.replace(/\*$/, '')) ? [{ path: ['identityHeaders', index], message: `${name} ${MEANING}` }] : [],
    ),
    ...routes.flatMap((route, index) => {
      const at = ['routes', index];
      return [
        ...Object.keys(route.claimHeaders).flatMap((name) =>
          isReserved(name) ? [{ path: [...at, 'claimHeaders', name], message: `${name} ${MEANING}` }] : [],
        ),
        ...passFindings(route, isTaken, at),
        ...requestFindings(route, isReserved, [...at, 'requestHeaders']),
        ...responseFindings(route, [...at, 'responseHeaders']),
        ...repeatedFindings(route.requestHeaders, [...at, 'requestHeaders']),
        ...repeatedFindings(route.responseHeaders, [...at, 'responseHeaders']),
      ];
    }),
  ];
}
