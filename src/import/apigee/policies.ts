/** Translates the access requirements of Apigee policies.
 * https://cloud.google.com/apigee/docs/api-platform/reference/policies/verify-jwt-policy and .../oauthv2-policy
 */
import { type Access, type Requirement, requireToken } from '../draft/access.ts';
import type { XmlElement } from '../draft/xml-tree.ts';

export interface Policy {
  file: string;
  xml: XmlElement;
}

/** The effect of a policy on access: a requirement, none, or a fault response to every request. */
export type Effect = { kind: 'requires'; requirement: Requirement } | { kind: 'none' } | { kind: 'fault' };

/** Policies for limits, caching, logging, content checks or rewriting; none refuses a request because of its caller. */
const IGNORED_POLICY =
  /^(?:SpikeArrest|Quota|ResponseCache|PopulateCache|LookupCache|InvalidateCache|ExtractVariables|MessageLogging|StatisticsCollector|DataCapture|TraceCapture|JSONToXML|XMLToJSON|XSL|CORS|KeyValueMapOperations|JSONThreatProtection|XMLThreatProtection|RegularExpressionProtection|MessageValidation|OASValidation|DecodeJWT|ConcurrentRatelimit)$/;

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const AUTHORIZATION = /^request\.header\.authorization$/i;
/** Elements of VerifyJWT that no rule can express. */
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

/** Key origins of issuers that publish their keys on another origin. */
const KEY_ORIGINS: Record<string, string> = {
  'https://sts.windows.net': 'https://login.microsoftonline.com',
  'https://accounts.google.com': 'https://www.googleapis.com',
};

function keyFault(xml: XmlElement, issuer: string): string | undefined {
  const key = xml.child('PublicKey')?.child('JWKS');
  const uri = key?.attribute('uri');
  if (uri === undefined) return 'its key is not published by an issuer';
  const [keys, own] = [URL.parse(uri)?.origin, new URL(issuer).origin];
  return keys === own || keys === KEY_ORIGINS[own] ? undefined : 'its keys are not published by its issuer';
}

function parseClaim(claim: XmlElement): Access['claims'][number] | string {
  const name = claim.attribute('name') ?? '';
  const type = claim.attribute('type') ?? 'string';
  if (hasReference(claim)) return `claim ${name} is a variable`;
  if (claim.attribute('array') === 'true') return `claim ${name} is compared as a whole list`;
  // In Apigee a dot is part of the claim name; in the gateway it separates path segments.
  if (name === '' || (name.includes('.') && !name.includes('://')))
    return `claim ${name} has a name that is not supported`;
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

/** The asymmetric algorithms of a policy. */
export const algorithmsOf = (xml: XmlElement): string[] =>
  (xml.child('Algorithm')?.text ?? '').split(/\s*,\s*/).filter((name) => ALGORITHMS.includes(name));

function verifyJwt(xml: XmlElement): Requirement {
  const source = xml.child('Source')?.text;
  if (source !== undefined && !AUTHORIZATION.test(source)) return `the token comes from ${source}`;
  const unsupported = UNSUPPORTED_ELEMENTS.find((name) => xml.child(name) !== undefined);
  if (unsupported !== undefined) return `${unsupported} has no counterpart`;
  if (algorithmsOf(xml).length === 0) return 'its algorithm needs a shared secret';
  const issuer = xml.child('Issuer');
  if (!issuer || hasReference(issuer) || URL.parse(issuer.text)?.protocol !== 'https:')
    return 'the issuer is not an https URL in the policy';
  const fault = keyFault(xml, issuer.text);
  if (fault !== undefined) return fault;
  const audience = xml.child('Audience');
  if (hasReference(audience) || audience?.text.includes(',')) return 'its audience is not a single text';
  const claims = requiredClaims(xml);
  if (typeof claims === 'string') return claims;
  return requireToken({ issuers: [issuer.text], audiences: audience ? [[audience.text]] : [], claims });
}

/** Only Apigee can verify the tokens that it issued; `issuer` is the issuer that replaces it. */
function verifyAccessToken(xml: XmlElement, issuer: string | undefined): Requirement {
  const operation = xml.child('Operation')?.text;
  if (operation !== 'VerifyAccessToken')
    return `${operation ?? 'its operation'} issues tokens, which only the provider does`;
  const source = xml.child('AccessToken')?.text;
  if (source !== undefined && !AUTHORIZATION.test(source)) return `the token comes from ${source}`;
  const prefix = xml.child('AccessTokenPrefix')?.text;
  if (prefix !== undefined && prefix !== 'Bearer') return `the scheme is ${prefix}`;
  if (issuer === undefined) return 'its tokens are issued by Apigee: name the issuer that replaces it with --issuer';
  const scopes =
    xml
      .child('Scope')
      ?.text.split(/\s+/)
      .filter((scope) => scope !== '') ?? [];
  return requireToken({ scopes: scopes.length === 0 ? [] : [scopes], issuers: [issuer] });
}

/** The effect of a policy; a disabled policy has none. */
export function policyEffect({ xml }: Policy, issuer: string | undefined): Effect {
  if (xml.attribute('enabled') === 'false' || IGNORED_POLICY.test(xml.name)) return { kind: 'none' };
  if (xml.name === 'VerifyJWT') return { kind: 'requires', requirement: verifyJwt(xml) };
  if (xml.name === 'OAuthV2') return { kind: 'requires', requirement: verifyAccessToken(xml, issuer) };
  if (xml.name === 'RaiseFault') return { kind: 'fault' };
  // AssignMessage may set headers and variables, but not another target, path or method.
  const harmless =
    xml.name === 'AssignMessage' && !/target\.(?:url|copy)|servicecallout\./.test(xml.text) && !changesRequest(xml);
  return harmless ? { kind: 'none' } : { kind: 'requires', requirement: `${xml.name} has no counterpart` };
}

const changesRequest = (xml: XmlElement): boolean =>
  xml.children.some((child) => child.name === 'Path' || child.name === 'Verb' || changesRequest(child));
