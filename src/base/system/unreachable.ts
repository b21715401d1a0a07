/** Why a server cannot be reached, in words: network and TLS errors by their codes. */
import { messageOf } from '../errors.ts';

const DESCRIPTIONS: Readonly<Record<string, string>> = {
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

/** The description of a failed request by its code; undefined if no code of it is known. */
export function knownNetworkError(error: unknown): string | undefined {
  const known = codesOf(error).find((code) => Object.hasOwn(DESCRIPTIONS, code));
  return known === undefined ? undefined : DESCRIPTIONS[known];
}

/** A plain description of a failed request; fetch gives the reason only as the cause of its error. */
export const describeNetworkError = (error: unknown): string =>
  knownNetworkError(error) ??
  messageOf(error instanceof TypeError && error.message === 'fetch failed' ? (error.cause ?? error) : error);

/** The response that an error is about; undefined if none arrived. */
function responseOf(error: unknown): Response | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause.cause instanceof Response) return cause.cause;
  return undefined;
}

/** Why a request to a URL failed: the status of an unexpected response, or the error of the network. */
export function describeFailedRequest(url: string, error: unknown): string {
  const response = responseOf(error);
  if (response === undefined) return `${url}: ${describeNetworkError(error)}`;
  const { status } = response;
  if (status === 200) return `${url} responds with 200, but not with the metadata of a provider`;
  return `${url} responds with ${status}${status >= 300 && status < 400 ? ', a redirect that is not followed' : ''}`;
}

/** Whether the request failed because the certificate was not trusted. */
export const isCertificateError = (error: unknown) => codesOf(error).some((code) => CERTIFICATE.test(code));
