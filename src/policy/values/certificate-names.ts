/** Names and thumbprints that a client certificate must have: schema and checks. */
import { z } from 'zod';
import { type NameType, normalizeName } from '../../certificate/alternative-names.ts';
import type { ClientCertificate, DistinguishedName } from '../../certificate/client-certificate.ts';

const texts = () =>
  z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .transform((value): readonly string[] => [value].flat());

const attributes = () =>
  z
    .record(z.string().min(1), texts())
    .refine((value) => Object.keys(value).length > 0, 'expected at least one attribute, such as { CN: orders }');

const THUMBPRINT = 'expected a SHA-256 thumbprint: 64 hexadecimal digits, with or without colons, or base64url';

/** As `openssl x509 -fingerprint -sha256` prints it, or as `x5t#S256` has it; parsed to the latter. */
const thumbprint = z
  .string()
  .regex(/^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31}|[A-Za-z0-9_-]{43})$/i, THUMBPRINT)
  .transform((text) =>
    text.length === 43 ? text : Buffer.from(text.replaceAll(':', ''), 'hex').toString('base64url'),
  );

/** Schema of the names of a certificate that a rule requires. */
export const certificateNames = () =>
  z.strictObject({
    subject: attributes()
      .optional()
      .describe(
        'Attributes of the subject, such as { O: Example, CN: [orders, billing] }; each must have one of its values.',
      ),
    issuer: attributes().optional().describe('Attributes of the issuer, as for subject.'),
    dns: texts()
      .optional()
      .describe('DNS names; the certificate must be for one of them. A wildcard is compared as it is.'),
    uri: texts()
      .optional()
      .describe('URIs, such as spiffe://example.org/orders; the certificate must be for one of them.'),
    email: texts().optional().describe('E-mail addresses; the certificate must be for one of them.'),
    thumbprints: z
      .array(thumbprint)
      .min(1)
      .optional()
      .describe('SHA-256 thumbprints; the certificate must have one of them.'),
  });

type Check = (certificate: ClientCertificate) => boolean;

/** Whether each attribute has one of the values. */
function hasAttributes(required: Readonly<Record<string, readonly string[]>>, name: DistinguishedName): boolean {
  return Object.entries(required).every(([key, accepted]) => name[key]?.some((value) => accepted.includes(value)));
}

/** Returns a check for each name that is stated, with the word for what it compares. */
export function compileCertificateNames({
  subject,
  issuer,
  thumbprints,
  ...lists
}: z.output<ReturnType<typeof certificateNames>>): [what: string, Check][] {
  const checks: [string, Check][] = [];
  if (subject) checks.push(['subject', (certificate) => hasAttributes(subject, certificate.subject)]);
  if (issuer) checks.push(['issuer', (certificate) => hasAttributes(issuer, certificate.issuer)]);
  for (const type of ['dns', 'uri', 'email'] satisfies NameType[]) {
    const accepted = lists[type]?.map((name) => normalizeName(type, name));
    if (accepted) checks.push([type, (certificate) => certificate.names[type].some((name) => accepted.includes(name))]);
  }
  if (thumbprints) checks.push(['thumbprint', (certificate) => thumbprints.includes(certificate.thumbprint)]);
  return checks;
}
