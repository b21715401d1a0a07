/** Schemas of the headers and query parameters that a route passes on, sets, adds and removes. */
import { z } from 'zod';
import { fieldName, headerName } from '../fields/fields.ts';
import type { SecretField } from '../fields/secret.ts';
import { type ConfiguredValue, claimVariables, configuredValue, template } from './value-template.ts';

/** Changes to headers or query parameters. */
export interface ValueChanges {
  readonly set: Readonly<Record<string, ConfiguredValue>>;
  readonly add: Readonly<Record<string, ConfiguredValue>>;
  readonly remove: readonly string[];
}

/** The same with names that pass although they are dropped by default. */
export interface HeaderOptions extends ValueChanges {
  readonly pass: readonly string[];
}

/** Claims of the ID token and UserInfo that the changes of a route name; sessions keep no others. */
export function identityClaimsOf(route: ChangedRoute): string[] {
  const { requestHeaders, responseHeaders, query } = route;
  const values = [requestHeaders, responseHeaders, ...(query ? [query] : [])].flatMap(({ set, add }) => [
    ...Object.values(set),
    ...Object.values(add),
  ]);
  return values.flatMap(claimVariables).flatMap(({ source, path }) => {
    const isIdentity = source === 'identity' || (source === 'claim' && route.claimsFrom === 'identity');
    return isIdentity && !path.startsWith('@') ? [path] : [];
  });
}

interface ChangedRoute {
  readonly requestHeaders: ValueChanges;
  readonly responseHeaders: ValueChanges;
  readonly query?: ValueChanges | undefined;
  readonly claimsFrom: 'accessToken' | 'identity';
}

const VALUES =
  'Map of names to values: text with the variables $(claim.PATH), $(accessToken.PATH), $(identity.PATH), $(userInfo.PATH), $(request.id), $(request.address), $(route) and $(app)';
const OF_CLIENT = `${VALUES}; or { secret }.`;
const OF_UPSTREAM = `${VALUES}.`;

const CHANGES = ['set', 'add', 'remove'] as const;

/** Whether anything is set, added or removed. */
export const hasChanges = (changes: ValueChanges): boolean =>
  CHANGES.some((name) => Object.keys(changes[name]).length > 0);

/** Names whose value says who the caller is. No client may send such a header, on any route. */
export const callerHeaders = ({ set }: ValueChanges): string[] =>
  Object.entries(set).flatMap(([name, value]) => (claimVariables(value).length > 0 ? [name] : []));

type Text = z.ZodType<string, string>;

/** The changes to what a party sent; `value` is the schema of a value. */
const changes = <Value extends z.ZodType<ConfiguredValue, unknown>>(
  name: () => Text,
  value: () => Value,
  of: Party,
) => ({
  set: z
    .record(name(), value())
    .default({})
    .describe(`${of.values} What the ${of.party} sent under such a name is removed, also if a claim is missing.`),
  add: z
    .record(name(), value())
    .default({})
    .describe(`As set, but what the ${of.party} sent stays. A value that lacks a claim is not added.`),
  remove: z.array(name()).default([]).describe(`Names to remove from what the ${of.party} sent, in any spelling.`),
});

interface Party {
  readonly party: string;
  readonly values: string;
}
const CLIENT: Party = { party: 'client', values: OF_CLIENT };
const UPSTREAM: Party = { party: 'upstream', values: OF_UPSTREAM };

/** A list of names is a short form of `pass`. */
const options = (pass: Text, passText: string, rest: ReturnType<typeof changes<z.ZodType<ConfiguredValue, unknown>>>) =>
  z
    .union([
      z.array(pass).transform((names): HeaderOptions => ({ pass: names, set: {}, add: {}, remove: [] })),
      z
        .strictObject({ pass: z.array(pass).default([]).describe(passText), ...rest })
        .transform((parsed): HeaderOptions => parsed),
    ])
    .prefault([]);

const REQUEST_PASS =
  'Request headers of the client that pass although they are dropped by default: those that identify the caller (X-User-Id), and names with other characters than letters, digits and hyphens (api_key). Exact spelling.';
const RESPONSE_PASS =
  'Response headers of the upstream that pass although they are dropped by default, because they speak for the whole origin: Accept-CH, NEL, Refresh, Report-To, Service-Worker-Allowed and others.';

const queryName = () =>
  z.string().regex(/^[^\p{Cc}]{1,64}$/u, 'expected a name of at most 64 characters, without line breaks');

/** Changes to the headers and the query between client and upstream. */
export const headerChanges = (secret: SecretField) => ({
  requestHeaders: options(
    fieldName(),
    REQUEST_PASS,
    changes(headerName, () => configuredValue(secret), CLIENT),
  ).describe(
    'Request headers for the upstream: what passes, and what is set, added and removed. A list is the short form of pass.',
  ),
  responseHeaders: options(headerName(), RESPONSE_PASS, changes(headerName, template, UPSTREAM)).describe(
    'Response headers for the client: what passes, and what is set, added and removed. A list is the short form of pass.',
  ),
  query: z
    .strictObject(changes(queryName, () => configuredValue(secret), CLIENT))
    .optional()
    .describe('Query parameters for the upstream. Rules and checks see the query of the client.'),
});
