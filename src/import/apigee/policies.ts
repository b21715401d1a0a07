/** What the policies of an Apigee bundle ask of a caller.
 * https://cloud.google.com/apigee/docs/api-platform/reference/policies/verify-jwt-policy and .../oauthv2-policy
 */
import { type Access, type Requirement, requireToken } from '../draft/access.ts';
import type { XmlElement } from '../draft/xml-tree.ts';

export interface Policy {
  file: string;
  xml: XmlElement;
}

/** What a policy does to a call: it asks for something, or has no say, or answers the call itself. */
export type Effect = { kind: 'asks'; asked: Requirement } | { kind: 'no say' } | { kind: 'answers' };

/** Policies that count, cache, log, look for harm or rewrite, and refuse nobody for who they are. */
const IGNORED_POLICY =
  /^(?:SpikeArrest|Quota|ResponseCache|PopulateCache|LookupCache|InvalidateCache|ExtractVariables|MessageLogging|StatisticsCollector|DataCapture|TraceCapture|JSONToXML|XMLToJSON|XSL|CORS|KeyValueMapOperations|JSONThreatProtection|XMLThreatProtection|RegularExpressionProtection|MessageValidation|OASValidation|DecodeJWT|ConcurrentRatelimit)$/;

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const AUTHORIZATION = /^request\.header\.authorization$/i;
/** Elements of VerifyJWT that no rule can say. */
const UNSUPPORTED_ELEMENTS = [
  'SecretKey',
  'PrivateKey',
  'Algorithms',
  'Id',
  'AdditionalHeaders',
  'MaxLifespan',
  'CustomClaims',
];

const hasReference = (xml: XmlElement | undefined) =>
  xml?.attribute('ref') !== undefined || xml?.attribute('uriRef') !== undefined;

/** Origins whose keys are those of an issuer elsewhere. */
const KEY_ORIGINS: Record<string, string> = {
  'https://sts.windows.net': 'https://login.microsoftonline.com',
  'https://accounts.google.com': 'https://www.googleapis.com',
};

function keyFault(xml: XmlElement, issuer: string): string | undefined {
  const key = xml.child('PublicKey')?.child('JWKS');
  const uri = key?.attribute('uri');
  if (uri === undefined) return 'its key is none that an issuer publishes';
  const [keys, own] = [URL.parse(uri)?.origin, new URL(issuer).origin];
  return keys === own || keys === KEY_ORIGINS[own]
    ? undefined
    : 'its keys are published by somebody else than the issuer';
}

function parseClaim(claim: XmlElement): Access['claims'][number] | string {
  const name = claim.attribute('name') ?? '';
  const type = claim.attribute('type') ?? 'string';
  if (hasReference(claim)) return `claim ${name} is a variable`;
  if (claim.attribute('array') === 'true') return `claim ${name} is a list that is compared as a whole`;
  // A dot is part of the name there, and a way into an object here.
  if (name === '' || (name.includes('.') && !name.includes('://'))) return `claim ${name} has no name that can be said`;
  if (type === 'string') return [name, { equals: claim.text }];
  if (type === 'number' && Number.isFinite(Number(claim.text))) return [name, { equals: Number(claim.text) }];
  if (type === 'boolean') return [name, { equals: claim.text === 'true' }];
  return `claim ${name} is of type ${type}`;
}

function requiredClaims(xml: XmlElement): Access['claims'] | string {
  const additional = xml.child('AdditionalClaims');
  if (hasReference(additional)) return 'its claims are a variable';
  const claims: Access['claims'][number][] = [];
  const subject = xml.child('Subject');
  if (hasReference(subject)) return 'its subject is a variable';
  if (subject) claims.push(['sub', { equals: subject.text }]);
  for (const claim of additional?.childrenNamed('Claim') ?? []) {
    const found = parseClaim(claim);
    if (typeof found === 'string') return found;
    claims.push(found);
  }
  return claims;
}

/** Algorithms of a policy; none of those with a shared secret. */
export const algorithmsOf = (xml: XmlElement): string[] =>
  (xml.child('Algorithm')?.text ?? '').split(/\s*,\s*/).filter((name) => ALGORITHMS.includes(name));

function verifyJwt(xml: XmlElement): Requirement {
  const source = xml.child('Source')?.text;
  if (source !== undefined && !AUTHORIZATION.test(source)) return `the token comes from ${source}`;
  const odd = UNSUPPORTED_ELEMENTS.find((name) => xml.child(name) !== undefined);
  if (odd !== undefined) return `${odd} has no counterpart`;
  if (algorithmsOf(xml).length === 0) return 'its algorithm needs a shared secret';
  const issuer = xml.child('Issuer');
  if (!issuer || hasReference(issuer) || URL.parse(issuer.text)?.protocol !== 'https:')
    return 'the issuer is no https address that stands in the policy';
  const fault = keyFault(xml, issuer.text);
  if (fault !== undefined) return fault;
  const audience = xml.child('Audience');
  if (hasReference(audience) || audience?.text.includes(',')) return 'its audience is no single text';
  const claims = requiredClaims(xml);
  if (typeof claims === 'string') return claims;
  return requireToken({ issuers: [issuer.text], audiences: audience ? [[audience.text]] : [], claims });
}

/** Tokens that Apigee made itself are unknown to everybody else; `issuer` is the one whose tokens take their place. */
function verifyAccessToken(xml: XmlElement, issuer: string | undefined): Requirement {
  const operation = xml.child('Operation')?.text;
  if (operation !== 'VerifyAccessToken') return `${operation ?? 'its operation'} makes tokens: the provider does that`;
  const source = xml.child('AccessToken')?.text;
  if (source !== undefined && !AUTHORIZATION.test(source)) return `the token comes from ${source}`;
  const prefix = xml.child('AccessTokenPrefix')?.text;
  if (prefix !== undefined && prefix !== 'Bearer') return `the scheme is ${prefix}`;
  if (issuer === undefined)
    return 'its tokens are those of Apigee itself: name the issuer of the new ones with --issuer';
  const scopes =
    xml
      .child('Scope')
      ?.text.split(/\s+/)
      .filter((scope) => scope !== '') ?? [];
  return requireToken({ scopes: scopes.length === 0 ? [] : [scopes], issuers: [issuer] });
}

/** What a policy does. One that is switched off does nothing. */
export function policyEffect({ xml }: Policy, issuer: string | undefined): Effect {
  if (xml.attribute('enabled') === 'false' || IGNORED_POLICY.test(xml.name)) return { kind: 'no say' };
  if (xml.name === 'VerifyJWT') return { kind: 'asks', asked: verifyJwt(xml) };
  if (xml.name === 'OAuthV2') return { kind: 'asks', asked: verifyAccessToken(xml, issuer) };
  if (xml.name === 'RaiseFault') return { kind: 'answers' };
  // Headers and variables; but not another target, path or method.
  const harmless =
    xml.name === 'AssignMessage' && !/target\.(?:url|copy)|servicecallout\./.test(xml.text) && !changesRequest(xml);
  return harmless ? { kind: 'no say' } : { kind: 'asks', asked: `${xml.name} has no counterpart` };
}

const changesRequest = (xml: XmlElement): boolean =>
  xml.children.some((child) => child.name === 'Path' || child.name === 'Verb' || changesRequest(child));
