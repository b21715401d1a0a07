/** Checks of `provider.allowedLoginParams`: what may be listed, what is refused, and step-ups that no link can request. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

const HEAD = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider:
  issuer: https://id.example.com
  clientId: shop
  clientSecret: s3cret
`;

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig({ file: 'gateway.yaml', text: HEAD + text, env, readFile: () => '' }).config;

function faults(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path, message, variable }) => `${variable ?? path}: ${message}`);
  }
}

const faultsOf = (entries: string) => faults(`  allowedLoginParams: ${entries}\n`);

const STANDARD = ['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales'];

test('the list of names stays valid, repetitions, the default and the variable included', () => {
  assert.deepEqual(load('').provider.allowedLoginParams, STANDARD);
  assert.deepEqual(faultsOf('[]'), []);
  assert.deepEqual(faultsOf('[prompt, prompt, max_age]'), []);
  const { provider } = load('', { BFF_PROVIDER_ALLOWED_LOGIN_PARAMS: 'prompt, ui_locales' });
  assert.deepEqual(provider.allowedLoginParams, ['prompt', 'ui_locales']);
});

test('a parameter of the provider is listed with values or with a pattern, a standard one too', () => {
  const entries =
    "[prompt, { name: kc_idp_hint, values: [google, github] }, { name: organization, pattern: 'org_[A-Za-z0-9]+' }]";
  assert.deepEqual(load(`  allowedLoginParams: ${entries}\n`).provider.allowedLoginParams, [
    'prompt',
    { name: 'kc_idp_hint', values: ['google', 'github'] },
    { name: 'organization', pattern: 'org_[A-Za-z0-9]+' },
  ]);
  assert.deepEqual(faultsOf("[{ name: prompt, values: [login, none] }, { name: max_age, pattern: '[0-9]{1,3}' }]"), []);
});

test('an unknown parameter without values or pattern is refused, in the variable too', () => {
  const message = /only prompt, .*ui_locales need no values: write any other parameter as \{ name, values \}/;
  const [fault, ...more] = faultsOf('[prompt, kc_idp_hint]');
  assert.match(fault ?? '', message);
  assert.match(fault ?? '', /^provider\.allowedLoginParams\[1\]: /);
  assert.deepEqual(more, []);
  const [inVariable] = faults('', { BFF_PROVIDER_ALLOWED_LOGIN_PARAMS: 'prompt,domain_hint' });
  assert.match(inVariable ?? '', message);
  assert.match(inVariable ?? '', /^BFF_PROVIDER_ALLOWED_LOGIN_PARAMS: /);
});

describe('a parameter that the gateway or the operator decides on is never listed', () => {
  const controlled = [
    'client_id',
    'redirect_uri',
    'response_type',
    'response_mode',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'code_challenge_of_tomorrow',
    'request',
    'request_uri',
    'dpop_jkt',
    'resource',
    'audience',
    'claims',
    'authorization_details',
    'id_token_hint',
    'client_secret',
    'client_assertion',
    'sub',
    'returnTo',
    'Redirect_URI',
  ];
  for (const name of controlled)
    test(name, () => {
      const refused = /^provider\.allowedLoginParams\[0\](\.name)?: no link may set this parameter/;
      for (const entry of [name, `{ name: ${name}, values: [a] }`, `{ name: ${name}, pattern: '.*' }`]) {
        const found = faultsOf(`[${entry}]`);
        assert.equal(found.length, 1, entry);
        assert.match(found[0] ?? '', refused);
      }
    });
});

const REFUSED: Record<string, [entries: string, fault: RegExp]> = {
  'neither values nor a pattern': ['[{ name: kc_idp_hint }]', /\[0\]: .*write either values or pattern/],
  'values and a pattern': ["[{ name: x, values: [a], pattern: 'a' }]", /\[0\]: .*write either values or pattern/],
  'no values': ['[{ name: x, values: [] }]', /\[0\]\.values: /],
  'an empty value': ["[{ name: x, values: [''] }]", /\[0\]\.values\[0\]: .*write 1 to 1000 characters/],
  'a value that OpenID Connect does not allow': [
    "[{ name: prompt, values: [login, 'none login'] }]",
    /\[0\]\.values\[1\]: not a valid value of prompt/,
  ],
  'no name': ['[{ values: [a] }]', /\[0\]\.name: /],
  'a name with other characters': ["[{ name: 'a&b', values: [a] }]", /\[0\]\.name: .*write a parameter name/],
  'the name of an inherited property': ['[{ name: __proto__, values: [a] }]', /\[0\]\.name: .*write a parameter name/],
  'a standard name in another case': [
    '[{ name: Prompt, values: [none] }]',
    /\[0\]\.name: .*write prompt in lower case/,
  ],
  'an unknown option': ['[{ name: x, value: a, values: [a] }]', /\[0\]\.value: unknown option/],
  'a lookahead': [
    "[{ name: x, pattern: '(?!b)a' }]",
    /\[0\]\.pattern: .*write a regular expression without lookaheads/,
  ],
  'a pattern that is too large': ["[{ name: x, pattern: '(a{1,30}){1,30}' }]", /\[0\]\.pattern: .*at most/],
  'patterns that are too large together': [
    "[{ name: a, pattern: 'a{400}' }, { name: b, pattern: 'b{400}' }, { name: c, pattern: 'c{400}' }]",
    /allowedLoginParams: write regular expressions of together at most 1000 instructions/,
  ],
  'a parameter that is listed twice': [
    '[{ name: x, values: [a] }, prompt, { name: X, values: [b] }]',
    /\[0\]: x is listed more than once/,
  ],
  'a limit beside the plain name, which has none': [
    '[prompt, { name: prompt, values: [login] }]',
    /\[1\]: prompt is listed more than once/,
  ],
};

for (const [name, [entries, fault]] of Object.entries(REFUSED))
  test(`refused: ${name}`, () => assert.match(faultsOf(entries)[0] ?? '', fault));

test('a rule whose step-up no link may request is a fault', () => {
  const withRule = (entries: string, rule: string) =>
    faults(`  allowedLoginParams: ${entries}
routes: [{ path: /api/**, upstream: "http://api:8080", rules: [{ token: user, ${rule} }] }]
`);
  const found = withRule('[{ name: acr_values, values: [silver] }]', 'acr: gold');
  assert.deepEqual(found, [
    'routes[0].rules[0].acr: cannot be met: provider.allowedLoginParams does not accept "gold" for acr_values',
  ]);
  assert.match(
    withRule("[{ name: max_age, pattern: '0' }]", 'maxAge: 5m')[0] ?? '',
    /does not accept "300" for max_age/,
  );
  assert.match(withRule('[{ name: acr, values: [gold] }]', 'acr: gold')[0] ?? '', /does not contain acr_values/);
  assert.deepEqual(withRule('[{ name: acr_values, values: [silver, gold] }]', 'acr: gold'), []);
  assert.deepEqual(withRule('[acr_values]', 'acr: gold'), []);
});
