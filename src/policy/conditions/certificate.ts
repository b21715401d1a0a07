/** The condition `certificate`: a verified client certificate, by its names or by its thumbprint. */
import { z } from 'zod';
import { certificateNames, compileCertificateNames } from '../values/certificate-names.ts';
import { requestCondition } from './condition.ts';

const denied = (detail: string) => ({ kind: 'denied', reason: 'certificate', detail }) as const;

export const certificate = requestCondition({
  schema: z
    .union([z.literal(true), certificateNames()])
    .describe(
      'The client must have a certificate that was verified: by the gateway (listen.tls.clientCa), or by a trusted proxy that reports it (clientCertificateHeader). true accepts every one. Otherwise all of the stated names must be those of the certificate.',
    ),
  reasons: ['certificate'],
  compile(value) {
    const checks = value === true ? [] : compileCertificateNames(value);
    return ({ certificate, now, tolerance }) => {
      if (certificate === undefined) return denied('a client certificate');
      // A connection may outlive the certificate that opened it.
      const isValid = now >= certificate.validFrom - tolerance && now <= certificate.validTo + tolerance;
      if (!isValid) return denied('a client certificate that is valid now');
      const failed = checks.find(([, holds]) => !holds(certificate));
      return failed && denied(`a client certificate with another ${failed[0]}`);
    };
  },
});
