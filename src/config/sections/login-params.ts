/** Schema of `provider.allowedLoginParams`: the authorization parameters that a link to the login endpoint may set. */
import { z } from 'zod';
import { faultOfPatterns, patternSchema } from '../../policy/values/pattern.ts';

const STANDARD_NAMES = ['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales'] as const;

type StandardName = (typeof STANDARD_NAMES)[number];

/** The parameters whose values OpenID Connect defines, so that a name is enough. */
const STANDARD_VALUES: Readonly<Record<StandardName, RegExp>> = {
  // OpenID Connect Core section 3.1.2.1: none excludes every other value.
  prompt: /^(none|(login|consent|select_account|create)( (login|consent|select_account|create))*)$/,
  login_hint: /^[^\p{Cc}]{1,256}$/u,
  acr_values: /^[\x21-\x7e]{1,128}( [\x21-\x7e]{1,128}){0,9}$/,
  max_age: /^\d{1,9}$/,
  ui_locales: /^[A-Za-z0-9-]{1,35}( [A-Za-z0-9-]{1,35}){0,9}$/,
};

const ANY_VALUE = /^[^\p{Cc}]{1,1000}$/u;

/** The form that every value of a parameter has, whatever the configuration allows. */
export const valueForm = (name: string): RegExp =>
  new Map<string, RegExp>(Object.entries(STANDARD_VALUES)).get(name) ?? ANY_VALUE;

/** The parameters of the authorization request that the gateway sets itself. */
export const PROTOCOL_PARAMS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'response_mode',
  'request',
  'request_uri',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
] as const;

/** The parameters that no link may set. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...PROTOCOL_PARAMS,
  // What the tokens are for and contain is the decision of the operator.
  ...['audience', 'resource', 'authorization_details', 'claims', 'registration'],
  'id_token_hint',
  // A pushed request carries the authentication of the client as well (RFC 9126 section 2.1).
  ...['client_secret', 'client_assertion', 'client_assertion_type', 'code', 'code_verifier', 'grant_type'],
  // Claims of a signed request; with a sub it could pass as a client assertion (RFC 9101 section 10.8).
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf'],
  // The login endpoint reads it.
  'returnto',
]);

/** Why a link must not set the parameter. Some providers ignore the case of names: `Scope` is `scope` to them. */
function faultOfName(name: string): string | undefined {
  const known = name.toLowerCase();
  if (FORBIDDEN.has(known) || known.startsWith('code_challenge'))
    return 'no link may set this parameter: only the gateway or provider.authorizationParams does';
  return name !== known && STANDARD_NAMES.some((standard) => standard === known)
    ? `expected ${known} in lower case`
    : undefined;
}

const plainName = z.enum(STANDARD_NAMES, {
  error: ({ input }) =>
    (typeof input === 'string' ? faultOfName(input) : undefined) ??
    `only ${STANDARD_NAMES.join(', ')} need no values: write any other parameter as { name, values } or { name, pattern }`,
});

const limitedParam = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z][A-Za-z0-9._-]{0,63}$/,
        'expected a parameter name of letters, digits, hyphens, dots and underscores',
      )
      .describe('Name of the parameter, such as kc_idp_hint.'),
    values: z
      .array(
        z.string().refine((text) => ANY_VALUE.test(text), 'expected 1 to 1000 characters without control characters'),
      )
      .min(1)
      .optional()
      .describe('The accepted values. Either values or pattern is required.'),
    pattern: patternSchema()
      .optional()
      .describe(
        'Regular expression that matches each accepted value as a whole. Lookaheads, lookbehinds and backreferences are not supported.',
      ),
  })
  .superRefine(({ name, values, pattern }, context) => {
    const fault = faultOfName(name);
    if (fault !== undefined) context.addIssue({ code: 'custom', path: ['name'], message: fault });
    if ((values === undefined) === (pattern === undefined))
      context.addIssue({ code: 'custom', message: 'expected either values or pattern' });
    for (const [index, value] of (values ?? []).entries())
      if (!valueForm(name).test(value))
        context.addIssue({ code: 'custom', path: ['values', index], message: `not a valid value of ${name}` });
  });

export type AllowedLoginParam = StandardName | z.output<typeof limitedParam>;

/** The name of the parameter that an entry allows. */
export const paramName = (entry: AllowedLoginParam): string => (typeof entry === 'string' ? entry : entry.name);

/** Faults that span several entries. */
function faultsOfList(entries: readonly AllowedLoginParam[]): { path: number[]; message: string }[] {
  const limited = entries.filter((entry) => typeof entry !== 'string');
  const patterns = faultOfPatterns(limited.flatMap(({ pattern }) => pattern ?? []));
  const names = entries.map((entry) => paramName(entry).toLowerCase());
  // The repetition of a plain name changes nothing.
  const repeated = limited
    .filter(({ name }) => names.filter((other) => other === name.toLowerCase()).length > 1)
    .map((entry) => ({ path: [entries.indexOf(entry)], message: `${entry.name} is listed more than once` }));
  return [...(patterns === undefined ? [] : [{ path: [], message: patterns }]), ...repeated];
}

/** Schema of the list. */
export const allowedLoginParams = () =>
  z
    .array(z.union([plainName, limitedParam]))
    .superRefine((entries, context) => {
      for (const fault of faultsOfList(entries)) context.addIssue({ code: 'custom', ...fault });
    })
    .default([...STANDARD_NAMES])
    .describe(
      'Authorization parameters that a link to the login endpoint may set. A parameter that is not in the default needs values or a pattern.',
    );
