/** Whether somebody answers at an address, and in plain words why not. */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

const WORDS: Record<string, string> = {
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved at the moment',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'no route leads there',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes from an authority that is not known here, or the chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not known here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks plain HTTP, not TLS',
  EPROTO: 'it speaks no TLS that is understood here',
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

/** What a failed connection means. */
export function networkWords(error: unknown): string {
  const known = codesOf(error).find((code) => Object.hasOwn(WORDS, code));
  if (known !== undefined) return WORDS[known] ?? known;
  return error instanceof Error ? error.message : String(error);
}

/** Whether it is the certificate that was not believed. */
export const isCertificateFault = (error: unknown) => codesOf(error).some((code) => CERTIFICATE.test(code));

/** The status of whatever answers; redirects are answers. Rejects when nobody does. */
export function statusOf(url: string, { ca, timeout }: { ca?: string | undefined; timeout: number }): Promise<number> {
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
    req.on('timeout', () => req.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
    req.on('error', reject);
    req.end();
  });
}
