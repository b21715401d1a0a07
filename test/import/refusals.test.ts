/** What cannot be said here lets nobody in: one change at a time to a file that would be translated. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImportError } from '../../src/import/draft/draft.ts';
import type { ImportFormat } from '../../src/import/formats.ts';
import { importFrom } from '../../src/import/import.ts';

function tryImport(format: ImportFormat, files: Record<string, string>): { yaml: string; said: string } {
  const readFile = (name: string) => files[name] ?? assert.fail(name);
  const listFiles = () => Object.keys(files).map((name) => name.replace(/^x\//, ''));
  try {
    const { yaml, report } = importFrom(format, 'x', { readFile, listFiles });
    return { yaml, said: report };
  } catch (error) {
    assert.ok(error instanceof ImportError, String(error));
    return { yaml: '', said: error.message };
  }
}

/** Whether some rule of the configuration can be met. */
const letsIn = (yaml: string) =>
  /^ {6}- \{ (?!methods: \[ OPTIONS \], token: user, scopes: \[ import:left-out \])/m.test(yaml);

function denies(format: ImportFormat, what: string, files: Record<string, string>, why: RegExp): void {
  test(`${format}: ${what}`, () => {
    const { yaml, said } = tryImport(format, files);
    assert.ok(!letsIn(yaml), yaml);
    assert.match(said, why);
  });
}

const kong = (config: string, more = '', route = '') =>
  `_format_version: "3.0"
services:
  - name: s
    url: http://s.internal
    routes: [{ name: r, paths: [/a]${route} }]
    plugins:
      - name: openid-connect
        config: { issuer: "https://id.example.com", auth_methods: [bearer], audience_required: [api]${config} }
${more}`;

describe('Kong', () => {
  test('the file without a change is translated', () => assert.ok(letsIn(tryImport('kong', { x: kong('') }).yaml)));
  const cases: [string, string, RegExp][] = [
    ['an issuer over plain HTTP', kong('').replace('https://id', 'http://id'), /no https address/],
    ['basic authentication alone', kong('').replace('[bearer]', '[password]'), /none of its auth_methods/],
    [
      'an option that nobody knows here',
      kong(', proof_of_possession_mtls: strict'),
      /proof_of_possession_mtls cannot be said/,
    ],
    ['consumers that the file does not have', kong(', consumer_claim: [sub]'), /there are none/],
    ['another issuer only', kong(', issuers_allowed: ["https://other.example.com"]'), /issuers_allowed/],
    ['a plugin that asks for something else', kong('', '      - name: key-auth\n'), /key-auth has no counterpart/],
    [
      'a plugin for one consumer',
      kong('', 'plugins: [{ name: request-termination, consumer: x }]'),
      /about one consumer/,
    ],
    ['a route by header', kong('', '', ', headers: { x-a: [b] }'), /chosen by headers/],
    ['a route by address', kong('', '', ', sources: [{ ip: 10.0.0.1 }]'), /chosen by sources/],
    ['acl with deny', kong('', '      - { name: acl, config: { deny: [g] } }\n'), /acl/],
    ['jwt', kong('').replace(/openid-connect\n.*/, 'jwt'), /jwt takes keys/],
  ];
  for (const [what, x, why] of cases) denies('kong', what, { x }, why);
});

const apim = (inside: string, attributes = '', around = '') =>
  `<policies><inbound><base /><validate-jwt ${attributes}><openid-config url="https://id.example.com/.well-known/openid-configuration" />${inside}</validate-jwt>${around}</inbound></policies>`;

describe('API Management', () => {
  test('the document without a change is translated', () => assert.ok(letsIn(tryImport('apim', { x: apim('') }).yaml)));
  const claim = (text: string) => `<required-claims>${text}</required-claims>`;
  const cases: [string, string, RegExp][] = [
    ['a token in the query', apim('', 'query-parameter-name="token"'), /in the query/],
    ['a token in another header', apim('', 'header-name="X-Token"'), /in the header X-Token/],
    ['a token out of an expression', apim('', 'token-value="@(context.Variables["t"])"'), /from an expression/],
    ['another scheme', apim('', 'require-scheme="DPoP"'), /the scheme is DPoP/],
    [
      'keys of the document alone',
      apim('').replace(/<openid-config[^>]*>/, '<issuer-signing-keys/>'),
      /keys stand in the document/,
    ],
    [
      'many tenants',
      apim('').replace('id.example.com', 'login.microsoftonline.com/common/v2.0'),
      /issuer cannot be told/,
    ],
    [
      'issuers that are none of the metadata',
      apim('<issuers><issuer>https://other</issuer></issuers>'),
      /none of its issuers/,
    ],
    [
      'an audience out of an expression',
      apim('<audiences><audience>@(x)</audience></audiences>'),
      /made by an expression/,
    ],
    [
      'a claim out of an expression',
      apim(claim('<claim name="a"><value>@(x)</value></claim>')),
      /made by an expression/,
    ],
    ['a dot in the name of a claim', apim(claim('<claim name="a.b"><value>c</value></claim>')), /has a dot/],
    ['encrypted tokens', apim('<decryption-keys />'), /encrypted/],
    ['no validation at all', '<policies><inbound><base /></inbound></policies>', /nothing in this document asks/],
    ['a path that is rewritten', apim('', '', '<rewrite-uri template="/x" />'), /rewrite-uri has no counterpart/],
    [
      'a policy of elsewhere',
      apim('', '', '<include-fragment fragment-id="x" />'),
      /include-fragment has no counterpart/,
    ],
    [
      'an answer under a condition',
      apim('', '', '<choose><when condition="@(x)"><return-response /></when></choose>'),
      /return-response/,
    ],
    [
      'a backend under a condition',
      apim('', '', '<choose><when condition="@(x)"><set-backend-service base-url="http://b" /></when></choose>'),
      /backend depends/,
    ],
    [
      'a validation under a condition alone',
      '<policies><inbound><choose><when condition="@(x)"><validate-jwt><openid-config url="https://id.example.com/.well-known/openid-configuration" /></validate-jwt></when></choose></inbound></policies>',
      /nothing in this document asks/,
    ],
  ];
  for (const [what, x, why] of cases) denies('apim', what, { x }, why);
});

const POLICY = `<VerifyJWT name="v"><Algorithm>RS256</Algorithm><PublicKey><JWKS uri="https://id.example.com/jwks"/></PublicKey><Issuer>https://id.example.com</Issuer></VerifyJWT>`;
const apigee = (policy: string, steps = '<Step><Name>v</Name></Step>', rules = '') => ({
  'x/proxies/p.xml': `<ProxyEndpoint><PreFlow><Request>${steps}</Request></PreFlow><HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection>${rules}<RouteRule><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>`,
  'x/targets/t.xml':
    '<TargetEndpoint name="t"><HTTPTargetConnection><URL>http://t.internal</URL></HTTPTargetConnection></TargetEndpoint>',
  'x/policies/v.xml': policy,
});

describe('Apigee', () => {
  test('the bundle without a change is translated', () => assert.ok(letsIn(tryImport('apigee', apigee(POLICY)).yaml)));
  const inside = (text: string) => POLICY.replace('</VerifyJWT>', `${text}</VerifyJWT>`);
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a shared secret', apigee(POLICY.replace('RS256', 'HS256')), /shared secret/],
    [
      'keys of somebody else',
      apigee(POLICY.replace('id.example.com/jwks', 'cdn.example.com/jwks')),
      /somebody else than the issuer/,
    ],
    ['a key of the bundle', apigee(POLICY.replace(/<JWKS[^>]*>/, '<Value>k</Value>')), /none that an issuer publishes/],
    ['no issuer', apigee(POLICY.replace(/<Issuer>.*<\/Issuer>/, '')), /issuer is no https address/],
    ['a token elsewhere', apigee(inside('<Source>request.formparam.jwt</Source>')), /comes from request.formparam.jwt/],
    ['an audience out of a variable', apigee(inside('<Audience ref="a"/>')), /no single text/],
    [
      'a claim out of a variable',
      apigee(inside('<AdditionalClaims><Claim name="a" ref="b"/></AdditionalClaims>')),
      /is a variable/,
    ],
    [
      'a list that is compared as a whole',
      apigee(inside('<AdditionalClaims><Claim name="a" array="true">b</Claim></AdditionalClaims>')),
      /compared as a whole/,
    ],
    ['headers of the token', apigee(inside('<AdditionalHeaders/>')), /AdditionalHeaders has no counterpart/],
    [
      'tokens of Apigee itself',
      apigee('<OAuthV2 name="v"><Operation>VerifyAccessToken</Operation></OAuthV2>'),
      /--issuer/,
    ],
    ['an API key', apigee('<VerifyAPIKey name="v"/>'), /VerifyAPIKey has no counterpart/],
    ['a shared flow', apigee('<FlowCallout name="v"/>'), /FlowCallout has no counterpart/],
    [
      'a target that is set on the way',
      apigee('<AssignMessage name="v"><AssignVariable><Name>target.url</Name></AssignVariable></AssignMessage>'),
      /AssignMessage has no counterpart/,
    ],
    ['a policy that is not there', apigee(POLICY, '<Step><Name>w</Name></Step>'), /no policy w/],
    [
      'a fault under a condition',
      apigee('<RaiseFault name="v"/>', '<Step><Name>v</Name><Condition>a = "b"</Condition></Step>'),
      /refuses some/,
    ],
    [
      'a target under a condition',
      apigee(
        POLICY,
        undefined,
        '<RouteRule><Condition>a = "b"</Condition><TargetEndpoint>t</TargetEndpoint></RouteRule>',
      ),
      /.*/,
    ],
  ];
  for (const [what, files, why] of cases) denies('apigee', what, files, why);
});

const proxy = (more: string) => `provider = "oidc"
oidc_issuer_url = "https://id.example.com"
client_id = "c"
upstreams = ["http://a.internal/a/"]
${more}`;

describe('oauth2-proxy', () => {
  const domains = 'email_domains = ["example.com"]\n';
  test('the file without a change is translated', () =>
    assert.ok(letsIn(tryImport('oauth2-proxy', { x: proxy(domains) }).yaml)));
  const cases: [string, string, RegExp][] = [
    ['no email_domains', proxy(''), /there is no email_domains/],
    [
      'a provider that is not OpenID Connect',
      proxy(domains).replace('"oidc"', '"github"'),
      /github is not OpenID Connect/,
    ],
    ['an organisation', proxy(`${domains}github_org = "x"`), /github_org cannot be said/],
    ['people of a list', proxy(`${domains}allowed_emails = ["x"]`), /allowed_emails cannot be said/],
    ['roles of another product', proxy(`${domains}allowed_roles = ["x"]`), /of Keycloak only/],
    ['an issuer over plain HTTP', proxy(domains).replace('https://id', 'http://id'), /no https address/],
    ['files', proxy(domains).replace('http://a.internal/a/', 'file:///srv/#/a/'), /upstream \/a/],
  ];
  for (const [what, x, why] of cases) denies('oauth2-proxy', what, { x }, why);
});
