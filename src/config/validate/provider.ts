/** Rules about the provider: what client authentication needs, what would have no effect, and what a profile forbids. */

import type { Config, ProviderConfig } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

type Row = [name: string, wrong: boolean, message: string, hint?: string];

const RESERVED_PARAMS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'response_mode',
  'request',
  'request_uri',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
];

const findingsOf = (rows: readonly Row[]): Finding[] =>
  rows
    .filter(([, wrong]) => wrong)
    .map(([name, , message, hint]) => ({ path: ['provider', name], message, ...(hint === undefined ? {} : { hint }) }));

/** A secret, a key or a certificate: the one that the method needs, and none that would lie about unused. */
function credentialRows(provider: ProviderConfig): Row[] {
  const { clientAuth, clientSecret, privateKey, signedRequests, tls } = provider;
  const byKey = clientAuth === 'private_key_jwt';
  const byCertificate = clientAuth === 'tls_client_auth';
  const noSecret = byKey || byCertificate;
  return [
    ['privateKey', byKey && privateKey === undefined, 'private_key_jwt needs a privateKey'],
    ['privateKey', signedRequests && !byKey && privateKey === undefined, 'signedRequests needs a privateKey'],
    [
      'privateKey',
      !byKey && !signedRequests && privateKey !== undefined,
      'neither clientAuth nor signedRequests uses it',
    ],
    ['clientSecret', !noSecret && clientSecret === undefined, `${clientAuth} needs a clientSecret`],
    ['clientSecret', noSecret && clientSecret !== undefined, `${clientAuth} uses no clientSecret`],
    ['tls', byCertificate && tls === undefined, 'tls_client_auth needs tls: the certificate and its key'],
    ['tls', !byCertificate && tls !== undefined, `${clientAuth} uses no certificate`, 'clientAuth: tls_client_auth'],
  ];
}

const FAPI_ALGORITHMS = ['PS256', 'ES256', 'EdDSA'];

/** FAPI 2.0 Security Profile sections 5.3.3 and 5.4.1: nothing beside the profile may take back what it promises. */
function profileRows(provider: ProviderConfig): Row[] {
  if (provider.profile !== 'fapi2') return [];
  const { clientAuth, pushedRequests, idTokenSignedResponseAlg, privateKeyAlg } = provider;
  const signs = clientAuth === 'private_key_jwt' || provider.signedRequests;
  const bySecret = clientAuth.startsWith('client_secret');
  return [
    ['clientAuth', bySecret, `fapi2 allows no ${clientAuth}`, 'private_key_jwt or tls_client_auth'],
    ['pushedRequests', pushedRequests === 'never', 'fapi2 pushes every authorization request'],
    [
      'idTokenSignedResponseAlg',
      !FAPI_ALGORITHMS.includes(idTokenSignedResponseAlg),
      `fapi2 allows no ${idTokenSignedResponseAlg} for ID tokens`,
      `one of ${FAPI_ALGORITHMS.join(', ')}`,
    ],
    [
      'privateKeyAlg',
      signs && !FAPI_ALGORITHMS.includes(privateKeyAlg),
      `fapi2 allows no ${privateKeyAlg}`,
      `one of ${FAPI_ALGORITHMS.join(', ')}`,
    ],
  ];
}

/** Everything that is wrong about the provider. */
export function providerFindings({ provider }: Config): Finding[] {
  const reserved = RESERVED_PARAMS.filter((name) => Object.hasOwn(provider.authorizationParams, name));
  return [
    ...findingsOf([
      ['scopes', !provider.scopes.includes('openid'), 'openid is required'],
      ...credentialRows(provider),
      ...profileRows(provider),
    ]),
    ...reserved.map((name) => ({
      path: ['provider', 'authorizationParams', name],
      message: 'the gateway sets this parameter itself',
    })),
  ];
}
