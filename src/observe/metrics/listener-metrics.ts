/** Measurements of the public listeners: TLS, the redirect to https, and versions of HTTP. */
import type { CounterSeries } from '../../tuning/metric-primitives.ts';
import type { MetricFamilies } from './families.ts';

export interface ListenerMetrics {
  /** `reason` is one of a closed list. */
  countHandshakeFailure(reason: string): void;
  countRedirect(outcome: 'redirected' | 'challenge' | 'refused'): void;
  /** Sets the source of the certificates of the public port: the file of each, and the seconds since 1970 at which it expires. */
  watchCertificates(read: () => readonly (readonly [string, number])[]): void;
  countCertificateReload(outcome: 'reloaded' | 'failed'): void;
  /** The counter of requests on the public port with this major version of HTTP; to be taken once, not per request. */
  requestsOfVersion(version: '1' | '2'): CounterSeries;
  countHttp2Reset(by: 'client' | 'gateway'): void;
  /** `reason` is one of a closed list. */
  countHttp2Goaway(reason: string): void;
  /** Sets the source of the number of open HTTP/2 sessions. */
  watchHttp2Sessions(read: () => number): void;
}

/** Creates them in the families of the process. */
export function createListenerMetrics(families: MetricFamilies): ListenerMetrics {
  const redirects = families.counter('bff_redirect_requests_total');
  const handshakes = families.counter('bff_tls_handshake_failures_total');
  let certificates: () => readonly (readonly [string, number])[] = () => [];
  families.gauge('bff_tls_certificate_expiry_timestamp_seconds', () =>
    certificates().map(([file, seconds]) => [[file], seconds]),
  );
  const reloads = families.counter('bff_tls_certificate_reloads_total');
  const versions = families.counter('bff_http_version_requests_total');
  const resets = families.counter('bff_http2_resets_total');
  const goaways = families.counter('bff_http2_goaways_total');
  let http2Sessions: (() => number) | undefined;
  families.gauge('bff_http2_sessions', () => (http2Sessions ? [[[], http2Sessions()]] : []));
  return {
    countHandshakeFailure: (reason) => void handshakes(reason).increment(),
    countRedirect: (outcome) => void redirects(outcome).increment(),
    watchCertificates(read) {
      certificates = read;
    },
    countCertificateReload: (outcome) => void reloads(outcome).increment(),
    requestsOfVersion: (version) => versions(version),
    countHttp2Reset: (by) => void resets(by).increment(),
    countHttp2Goaway: (reason) => void goaways(reason).increment(),
    watchHttp2Sessions(read) {
      http2Sessions = read;
    },
  };
}
