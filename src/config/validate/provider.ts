/** Checks of the provider section: client credentials, options without effect, and the FAPI profile. */

import { providerEntries } from '../schema/providers.ts';
import type { Config, ProviderConfig } from '../schema/schema.ts';
import { PROTOCOL_PARAMS } from '../sections/login-params.ts';
import type { Finding, Path } from './faults.ts';

type Row = [option: string, isFault: boolean, message: string, hint?: string];

const findingsOf = (rows: readonly Row[], at: Path): Finding[] =>
  rows
    .filter(([, isFault]) => isFault)
    .map(([option, , message, hint]) => ({
      path: [...at, option],
      message,
      ...(hint === undefined ? {} : { hint }),
    }));

/** The credential that the method of client authentication needs must be set, and no unused one. */
const KEY_HINT = 'set privateKey: { file: ./client-key.pem }';
const SECRET_HINT = 'set clientSecret: { file: ./client-secret.txt }, or { env: NAME }';
const TLS_HINT = 'set tls: { certificate: ./client.pem, key: ./client-key.pem }';

function credentialRows(provider: ProviderConfig): Row[] {
  const { clientAuth, clientSecret, privateKey, signedRequests, tls } = provider;
  const usesKey = clientAuth === 'private_key_jwt';
  const usesCertificate = clientAuth === 'tls_client_auth';
  const usesNoSecret = usesKey || usesCertificate;
  return [
    ['privateKey', usesKey && privateKey === undefined, 'private_key_jwt needs a privateKey', KEY_HINT],
    [
      'privateKey',
      signedRequests && !usesKey && privateKey === undefined,
      'signedRequests needs a privateKey',
      KEY_HINT,
    ],
    [
      'privateKey',
      !usesKey && !signedRequests && privateKey !== undefined,
      'neither clientAuth nor signedRequests uses it',
      'remove it, or set clientAuth: private_key_jwt',
    ],
    ['clientSecret', !usesNoSecret && clientSecret === undefined, `${clientAuth} needs a clientSecret`, SECRET_HINT],
    [
      'clientSecret',
      usesNoSecret && clientSecret !== undefined,
      `${clientAuth} does not use a clientSecret`,
      'remove it',
    ],
    ['tls', usesCertificate && tls === undefined, 'tls_client_auth needs tls with a certificate and its key', TLS_HINT],
    [
      'tls',
      !usesCertificate && tls !== undefined,
      `${clientAuth} does not use a certificate`,
      'set clientAuth: tls_client_auth',
    ],
  ];
}

const FAPI_ALGORITHMS = ['PS256', 'ES256', 'EdDSA'];

/** FAPI 2.0 Security Profile sections 5.3.3 and 5.4.1: no other option may weaken the profile. */
function profileRows(provider: ProviderConfig): Row[] {
  if (provider.profile !== 'fapi2') return [];
  const { clientAuth, pushedRequests, idTokenSignedResponseAlg, privateKeyAlg } = provider;
  const signs = clientAuth === 'private_key_jwt' || provider.signedRequests;
  const usesSecret = clientAuth.startsWith('client_secret');
  return [
    ['clientAuth', usesSecret, `fapi2 does not allow ${clientAuth}`, 'use private_key_jwt or tls_client_auth'],
    [
      'pushedRequests',
      pushedRequests === 'never',
      'fapi2 requires pushed authorization requests',
      'remove pushedRequests: never',
    ],
    [
      'idTokenSignedResponseAlg',
      !FAPI_ALGORITHMS.includes(idTokenSignedResponseAlg),
      `fapi2 does not allow ${idTokenSignedResponseAlg} for ID tokens`,
      `use one of ${FAPI_ALGORITHMS.join(', ')}`,
    ],
    [
      'privateKeyAlg',
      signs && !FAPI_ALGORITHMS.includes(privateKeyAlg),
      `fapi2 does not allow ${privateKeyAlg}`,
      `use one of ${FAPI_ALGORITHMS.join(', ')}`,
    ],
  ];
}

/** Findings about one provider, for every product. */
function findingsAbout(provider: ProviderConfig, at: Path, { allowInsecureHttp }: Config['development']): Finding[] {
  const reserved = PROTOCOL_PARAMS.filter((name) => Object.hasOwn(provider.authorizationParams, name));
  const rows: Row[] = [
    [
      'issuer',
      provider.issuer.startsWith('http:') && !allowInsecureHttp,
      'the issuer must be https://',
      'for development, set development.allowInsecureHttp: true',
    ],
    ['scopes', !provider.scopes.includes('openid'), 'openid is required', 'add openid to the list'],
    ...credentialRows(provider),
    ...profileRows(provider),
  ];
  return [
    ...findingsOf(rows, at),
    ...reserved.map((name) => ({
      path: [...at, 'authorizationParams', name],
      message: 'the gateway sets this parameter itself',
      hint: 'remove it',
    })),
  ];
}

/** Findings about every provider. */
export function providerFindings(config: Config): Finding[] {
  return providerEntries(config).flatMap(({ provider, at }) => findingsAbout(provider, at, config.development));
}
