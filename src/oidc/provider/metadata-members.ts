/** Reads provider metadata that deviates from the specifications: optional members that are empty or malformed count as absent. */
import { isEmptyValue, isRecord } from '../products/base/claims.ts';

type Members = Readonly<Record<string, unknown>>;
type Read = (value: unknown) => unknown;

/** An http(s) URL. */
function addressOf(value: unknown): string | undefined {
  const protocol = typeof value === 'string' ? URL.parse(value)?.protocol : undefined;
  return typeof value === 'string' && (protocol === 'https:' || protocol === 'http:') ? value : undefined;
}

/** Some providers send booleans as strings. */
function booleanOf(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : undefined;
}

/** What the provider supports: the texts of a list, or a boolean. A list without any text announces nothing. */
function supportOf(value: unknown): readonly string[] | boolean | undefined {
  if (!Array.isArray(value)) return booleanOf(value);
  const names = value.filter((name) => typeof name === 'string' && !isEmptyValue(name));
  return names.length > 0 ? names : undefined;
}

/** RFC 8705 section 5. */
function aliasesOf(value: unknown): Members | undefined {
  if (!isRecord(value)) return undefined;
  const aliases = Object.entries(value).filter(([, address]) => addressOf(address) !== undefined);
  return aliases.length > 0 ? Object.fromEntries(aliases) : undefined;
}

/** The forms of members, by name (OIDC Discovery section 3, RFC 8414 section 2). */
const FORMS: readonly (readonly [RegExp, Read])[] = [
  [/^mtls_endpoint_aliases$/, aliasesOf],
  [/_(?:endpoint|uri|iframe)$/, addressOf],
  [/_supported$/, supportOf],
  [/^require_|^tls_client_certificate_bound_access_tokens$/, booleanOf],
];

/** Returns the members that have a usable value. */
export function readMetadataMembers(metadata: Members): Record<string, unknown> {
  const read = Object.entries(metadata).map(([name, value]): [string, unknown] => {
    const form = FORMS.find(([pattern]) => pattern.test(name));
    return [name, form ? form[1](value) : value];
  });
  return Object.fromEntries(read.filter(([, value]) => !isEmptyValue(value)));
}
