/** Routes that cannot be translated are denied: each case changes one thing in a file that is translated otherwise. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImportError } from '../../src/import/draft/draft.ts';
import type { ImportFormat } from '../../src/import/formats.ts';
import { importFrom } from '../../src/import/import.ts';

function tryImport(format: ImportFormat, files: Record<string, string>): { yaml: string; messages: string } {
  const readFile = (name: string) => files[name] ?? assert.fail(name);
  const listFiles = () => Object.keys(files).map((name) => name.replace(/^x\//, ''));
  try {
    const { yaml, report } = importFrom(format, 'x', { readFile, listFiles });
    return { yaml, messages: report };
  } catch (error) {
    assert.ok(error instanceof ImportError, String(error));
    return { yaml: '', messages: error.message };
  }
}

/** Whether a request can satisfy a rule of the configuration. */
const allowsRequests = (yaml: string) =>
  /^ {6}- \{ (?!methods: \[ OPTIONS \], token: user, scopes: \[ import:left-out \])/m.test(yaml);

function testDenied(format: ImportFormat, name: string, files: Record<string, string>, why: RegExp): void {
  test(`${format}: ${name}`, () => {
    const { yaml, messages } = tryImport(format, files);
    assert.ok(!allowsRequests(yaml), yaml);
    assert.match(messages, why);
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
  test('the unchanged file is translated', () => assert.ok(allowsRequests(tryImport('kong', { x: kong('') }).yaml)));
  const cases: [string, string, RegExp][] = [
    ['an issuer over plain HTTP', kong('').replace('https://id', 'http://id'), /not an https URL/],
    ['basic authentication only', kong('').replace('[bearer]', '[password]'), /none of its auth_methods/],
    [
      'an option that the gateway does not support',
      kong(', proof_of_possession_mtls: strict'),
      /proof_of_possession_mtls is not supported/,
    ],
    ['consumers that the file does not contain', kong(', consumer_claim: [sub]'), /the file has none/],
    ['another issuer only', kong(', issuers_allowed: ["https://other.example.com"]'), /issuers_allowed/],
    ['a plugin with another requirement', kong('', '      - name: key-auth\n'), /key-auth has no counterpart/],
    [
      'a plugin for one consumer',
      kong('', 'plugins: [{ name: request-termination, consumer: x }]'),
      /applies to one consumer only/,
    ],
    ['a route that matches on a header', kong('', '', ', headers: { x-a: [b] }'), /matches on headers/],
    ['a route that matches on an address', kong('', '', ', sources: [{ ip: 10.0.0.1 }]'), /matches on sources/],
    ['acl with deny', kong('', '      - { name: acl, config: { deny: [g] } }\n'), /acl/],
    ['jwt', kong('').replace(/openid-connect\n.*/, 'jwt'), /jwt uses keys/],
  ];
  for (const [name, x, why] of cases) testDenied('kong', name, { x }, why);
});

const apim = (inside: string, attributes = '', around = '') =>
  `<policies><inbound><base /><validate-jwt ${attributes}><openid-config url="https://id.example.com/.well-known/openid-configuration" />${inside}</validate-jwt>${around}</inbound></policies>`;

describe('API Management', () => {
  test('the unchanged document is translated', () =>
    assert.ok(allowsRequests(tryImport('apim', { x: apim('') }).yaml)));
  const claim = (text: string) => `<required-claims>${text}</required-claims>`;
  const cases: [string, string, RegExp][] = [
    ['a token in the query', apim('', 'query-parameter-name="token"'), /in the query/],
    ['a token in another header', apim('', 'header-name="X-Token"'), /in the header X-Token/],
    ['a token from an expression', apim('', 'token-value="@(context.Variables["t"])"'), /from an expression/],
    ['another scheme', apim('', 'require-scheme="DPoP"'), /the scheme is DPoP/],
    [
      'keys in the document only',
      apim('').replace(/<openid-config[^>]*>/, '<issuer-signing-keys/>'),
      /keys are in the document/,
    ],
    [
      'many tenants',
      apim('').replace('id.example.com', 'login.microsoftonline.com/common/v2.0'),
      /issuer cannot be determined/,
    ],
    [
      'issuers that do not match the metadata',
      apim('<issuers><issuer>https://other</issuer></issuers>'),
      /none of its issuers/,
    ],
    ['an audience from an expression', apim('<audiences><audience>@(x)</audience></audiences>'), /is an expression/],
    ['a claim from an expression', apim(claim('<claim name="a"><value>@(x)</value></claim>')), /is an expression/],
    ['a dot in the name of a claim', apim(claim('<claim name="a.b"><value>c</value></claim>')), /has a dot/],
    ['encrypted tokens', apim('<decryption-keys />'), /encrypted/],
    ['no validation', '<policies><inbound><base /></inbound></policies>', /nothing in this document authenticates/],
    ['a rewritten path', apim('', '', '<rewrite-uri template="/x" />'), /rewrite-uri has no counterpart/],
    ['a policy fragment', apim('', '', '<include-fragment fragment-id="x" />'), /include-fragment has no counterpart/],
    [
      'a response under a condition',
      apim('', '', '<choose><when condition="@(x)"><return-response /></when></choose>'),
      /return-response/,
    ],
    [
      'a backend under a condition',
      apim('', '', '<choose><when condition="@(x)"><set-backend-service base-url="http://b" /></when></choose>'),
      /backend depends/,
    ],
    [
      'a validation under a condition only',
      '<policies><inbound><choose><when condition="@(x)"><validate-jwt><openid-config url="https://id.example.com/.well-known/openid-configuration" /></validate-jwt></when></choose></inbound></policies>',
      /nothing in this document authenticates/,
    ],
  ];
  for (const [name, x, why] of cases) testDenied('apim', name, { x }, why);
});

const POLICY = `<VerifyJWT name="v"><Algorithm>RS256</Algorithm><PublicKey><JWKS uri="https://id.example.com/jwks"/></PublicKey><Issuer>https://id.example.com</Issuer></VerifyJWT>`;
const apigee = (policy: string, steps = '<Step><Name>v</Name></Step>', rules = '') => ({
  'x/proxies/p.xml': `<ProxyEndpoint><PreFlow><Request>${steps}</Request></PreFlow><HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection>${rules}<RouteRule><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>`,
  'x/targets/t.xml':
    '<TargetEndpoint name="t"><HTTPTargetConnection><URL>http://t.internal</URL></HTTPTargetConnection></TargetEndpoint>',
  'x/policies/v.xml': policy,
});

describe('Apigee', () => {
  test('the unchanged bundle is translated', () => assert.ok(allowsRequests(tryImport('apigee', apigee(POLICY)).yaml)));
  const inside = (text: string) => POLICY.replace('</VerifyJWT>', `${text}</VerifyJWT>`);
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a shared secret', apigee(POLICY.replace('RS256', 'HS256')), /shared secret/],
    [
      'keys of another origin',
      apigee(POLICY.replace('id.example.com/jwks', 'cdn.example.com/jwks')),
      /not published by its issuer/,
    ],
    ['a key in the bundle', apigee(POLICY.replace(/<JWKS[^>]*>/, '<Value>k</Value>')), /not published by an issuer/],
    ['no issuer', apigee(POLICY.replace(/<Issuer>.*<\/Issuer>/, '')), /issuer is not an https URL/],
    [
      'a token outside the Authorization header',
      apigee(inside('<Source>request.formparam.jwt</Source>')),
      /comes from request.formparam.jwt/,
    ],
    ['an audience from a variable', apigee(inside('<Audience ref="a"/>')), /not a single text/],
    [
      'a claim from a variable',
      apigee(inside('<AdditionalClaims><Claim name="a" ref="b"/></AdditionalClaims>')),
      /is a variable/,
    ],
    [
      'a list compared as a whole',
      apigee(inside('<AdditionalClaims><Claim name="a" array="true">b</Claim></AdditionalClaims>')),
      /compared as a whole list/,
    ],
    ['required token headers', apigee(inside('<AdditionalHeaders/>')), /AdditionalHeaders has no counterpart/],
    [
      'tokens issued by Apigee',
      apigee('<OAuthV2 name="v"><Operation>VerifyAccessToken</Operation></OAuthV2>'),
      /--issuer/,
    ],
    ['an API key', apigee('<VerifyAPIKey name="v"/>'), /VerifyAPIKey has no counterpart/],
    ['a shared flow', apigee('<FlowCallout name="v"/>'), /FlowCallout has no counterpart/],
    [
      'a target set by a policy',
      apigee('<AssignMessage name="v"><AssignVariable><Name>target.url</Name></AssignVariable></AssignMessage>'),
      /AssignMessage has no counterpart/,
    ],
    ['a missing policy', apigee(POLICY, '<Step><Name>w</Name></Step>'), /no policy w/],
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
  for (const [name, files, why] of cases) testDenied('apigee', name, files, why);
});

const proxy = (more: string) => `provider = "oidc"
oidc_issuer_url = "https://id.example.com"
client_id = "c"
upstreams = ["http://a.internal/a/"]
${more}`;

describe('oauth2-proxy', () => {
  const domains = 'email_domains = ["example.com"]\n';
  test('the unchanged file is translated', () =>
    assert.ok(allowsRequests(tryImport('oauth2-proxy', { x: proxy(domains) }).yaml)));
  const cases: [string, string, RegExp][] = [
    ['no email_domains', proxy(''), /email_domains is missing/],
    [
      'a provider that is not OpenID Connect',
      proxy(domains).replace('"oidc"', '"github"'),
      /github is not OpenID Connect/,
    ],
    ['an organisation', proxy(`${domains}github_org = "x"`), /github_org is not supported/],
    ['a list of users', proxy(`${domains}allowed_emails = ["x"]`), /allowed_emails is not supported/],
    ['roles of a provider other than Keycloak', proxy(`${domains}allowed_roles = ["x"]`), /for Keycloak only/],
    ['an issuer over plain HTTP', proxy(domains).replace('https://id', 'http://id'), /not an https URL/],
    ['an upstream of files', proxy(domains).replace('http://a.internal/a/', 'file:///srv/#/a/'), /upstream \/a/],
  ];
  for (const [name, x, why] of cases) testDenied('oauth2-proxy', name, { x }, why);
});
