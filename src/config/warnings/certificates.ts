/** Warnings about client certificates. */
import { readsCertificates } from '../traffic/client-certificate.ts';
import type { Combination } from './warning.ts';

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
