/** Zod schemas of the value types that options share: durations, sizes, URLs, header names, scopes. */
import { z } from 'zod';
import { PROVIDER_KINDS } from '../../oidc/products/registry.ts';
import { parseDuration, parseSize } from './units.ts';
import { durationFault, originFault, serverUrlFault, sizeFault, urlFault } from './value-faults.ts';

/** A duration such as `30s`, between `min` and `max`; parsed to milliseconds. */
export const duration = (min = '0ms', max = '3650d') =>
  z
    .string({ error: ({ input }) => durationFault(input) })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms === undefined) {
        context.addIssue({ code: 'custom', message: durationFault(text) });
        return z.NEVER;
      }
      if (ms < (parseDuration(min) ?? 0) || ms > (parseDuration(max) ?? 0)) {
        context.addIssue({
          code: 'custom',
          message: `${text} is out of range; write a duration from ${min} to ${max}`,
        });
        return z.NEVER;
      }
      return ms;
    })
    .meta({ 'x-type': 'duration' });

/** A size such as `16kb`; parsed to bytes. */
export const size = () =>
  z
    .string({ error: ({ input }) => sizeFault(input) })
    .transform((text, context) => {
      const bytes = parseSize(text);
      if (bytes !== undefined) return bytes;
      context.addIssue({ code: 'custom', message: sizeFault(text) });
      return z.NEVER;
    })
    .meta({ 'x-type': 'size' });

/** A text that has no fault. */
const faultless = (faultOf: (text: string) => string | undefined) =>
  z.string().refine((text) => faultOf(text) === undefined, {
    error: ({ input }) => (typeof input === 'string' ? faultOf(input) : undefined),
    abort: true,
  });

/** An absolute HTTP URL, kept exactly as written. */
export const httpUrl = () => faultless(urlFault).meta({ 'x-type': 'URL' });

/** The URL of a server: of HTTP, or of a Unix socket (`unix:///run/orders.sock`). */
export const serverUrl = () => faultless(serverUrlFault).meta({ 'x-type': 'URL' });

/** Scheme, host and port of a URL. */
export const origin = () => faultless(originFault).meta({ 'x-type': 'origin' });

/** An HTTP header name, restricted to characters that every server accepts. */
export const headerName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'expected a header name of letters, digits and hyphens')
    .meta({ 'x-type': 'header name' });

/** Any HTTP field name (RFC 9110 section 5.6.2). */
export const fieldName = () =>
  z
    .string()
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/, 'expected a header name without spaces or colons')
    .meta({ 'x-type': 'header name' });

/** A header name, or a prefix such as `X-Tenant-*`. */
export const headerPattern = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}(?:(?<=-)\*)?$/, 'expected a header name, or a prefix such as X-Tenant-*')
    .meta({ 'x-type': 'header name or prefix' });

/** One scope (RFC 6749 section 3.3). */
export const scopeToken = () =>
  z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected one scope token without spaces (RFC 6749 section 3.3)')
    .meta({ 'x-type': 'scope' });

/** A TCP port; 0 lets the operating system choose one. */
export const port = () => z.number().int().min(0).max(65_535).meta({ 'x-type': 'port' });

/** A string or a list of strings; parsed to a list. */
export const textList = () =>
  z.union([
    z
      .string()
      .min(1)
      .transform((text) => [text]),
    z.array(z.string().min(1)).min(1),
  ]);

/** An asymmetric signature algorithm (RFC 7518, RFC 8037); neither HMAC nor `none`. */
export const signatureAlgorithm = () =>
  z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']);

/** The type of a provider: the product that it is. */
export const kind = () =>
  z
    .enum(PROVIDER_KINDS)
    .describe(
      'Product of the provider, for provider-specific behaviour (docs/providers). Default: derived from the issuer URL, otherwise generic.',
    );
