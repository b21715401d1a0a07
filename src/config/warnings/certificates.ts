/** Warnings about client certificates. */
import { forwardedRoutes } from '../schema/asked-routes.ts';
import { securityOf } from '../schema/provider-security.ts';
import { signInProviders } from '../schema/providers.ts';
import { readsCertificates } from '../traffic/client-certificate.ts';
import { tlsOf } from '../traffic/upstream-targets.ts';
import type { Combination } from './warning.ts';

export const unboundCertificate: Combination = {
  id: 'upstream-other-certificate',
  when: '`upstream.tls.certificate` on a route that forwards access tokens that are bound to the certificate of `provider.tls`: the upstream sees another certificate, and has to refuse them (RFC 8705 section 3)',
  hint: 'remove the certificate of the upstream, or set upstreamToken',
  find: ({ config }) =>
    signInProviders(config).some((provider) => securityOf(provider).tokenBinding === 'certificate')
      ? forwardedRoutes(config)
          .filter(({ upstream, upstreamToken }) => upstreamToken === 'forward' && tlsOf(upstream)?.certificate)
          .map(({ path }) => `route ${path} forwards bound tokens with another certificate`)
      : [],
};

export const noCertificates: Combination = {
  id: 'certificate-without-source',
  when: 'a rule requires a client `certificate`, and neither `listen.tls.clientCa` nor `clientCertificateHeader` is set: no client has one, so every request is denied',
  hint: 'set listen.tls.clientCa, or clientCertificateHeader behind a proxy that verifies certificates',
  listener: true,
  find: ({ config }) =>
    readsCertificates(config)
      ? []
      : config.routes
          .filter(({ rules }) => rules.some(({ certificate }) => certificate !== undefined))
          .map(({ path }) => `route ${path} requires a client certificate, and nothing delivers one`),
};
