/** Connection test for an address, and plain descriptions of network and TLS errors. */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { messageOf } from '../../base/errors.ts';

const DESCRIPTIONS: Record<string, string> = {
  ENOTFOUND: 'the host name cannot be resolved',
  EAI_AGAIN: 'the host name cannot be resolved at the moment',
  ECONNREFUSED: 'nothing listens on this port',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the host',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was issued by an unknown CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate was issued by an unknown CA, or the chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate was issued by an unknown CA',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks plain HTTP, not TLS',
  EPROTO: 'it supports no common TLS version or cipher',
};

const CERTIFICATE = /CERT|VERIFY|ALTNAME/;

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') codes.push(cause.code);
    if (cause instanceof AggregateError) codes.push(...cause.errors.flatMap(codesOf));
    if (cause.name === 'TimeoutError') codes.push('ETIMEDOUT');
  }
  return codes;
}

/** A plain description of a failed request. */
export function describeNetworkError(error: unknown): string {
  const known = codesOf(error).find((code) => Object.hasOwn(DESCRIPTIONS, code));
  if (known !== undefined) return DESCRIPTIONS[known] ?? known;
  return messageOf(error);
}

/** Whether the request failed because the certificate was not trusted. */
export const isCertificateError = (error: unknown) => codesOf(error).some((code) => CERTIFICATE.test(code));

/** The status of the response to a HEAD request, redirects included. Rejects with the network error. */
export function requestStatus(
  url: string,
  { ca, timeout }: { ca?: string | undefined; timeout: number },
): Promise<number> {
  const options: RequestOptions & { ca?: string } = {
    method: 'HEAD',
    timeout,
    ...(ca === undefined ? {} : { ca }),
  };
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const req = send(url, { ...options, agent: false }, (res) => {
      res.destroy();
      resolve(res.statusCode ?? 0);
    });
    req.on('timeout', () => req.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    req.on('error', reject);
    req.end();
  });
}
