/** Why a TLS handshake failed: a closed list of reasons, by the error codes of Node and OpenSSL. */

export type HandshakeFailure =
  | 'plain_http'
  | 'timeout'
  | 'closed'
  | 'protocol_version'
  | 'cipher'
  | 'application_protocol'
  | 'alert'
  | 'other';

const BY_CODE: Readonly<Record<string, HandshakeFailure>> = {
  ERR_SSL_HTTP_REQUEST: 'plain_http',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'plain_http',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'protocol_version',
  ERR_SSL_VERSION_TOO_LOW: 'protocol_version',
  ERR_SSL_NO_SHARED_CIPHER: 'cipher',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'cipher',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'cipher',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'application_protocol',
};

/** The reason of a failed handshake. `alert`: the client refused it, for example because it does not trust the certificate. */
export function handshakeFailureOf({ code = '' }: NodeJS.ErrnoException): HandshakeFailure {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code] ?? 'other';
  return code.startsWith('ERR_SSL_') && code.includes('_ALERT_') ? 'alert' : 'other';
}
