/** Translates the requirements of `validate-jwt` and `validate-azure-ad-token` of Azure API Management.
 * https://learn.microsoft.com/azure/api-management/validate-jwt-policy and .../validate-azure-ad-token-policy
 */

import { productOf } from '../../oidc/products/registry.ts';
import {
  type Access,
  type Condition,
  escapeRegExp,
  MAX_PATTERNS,
  type Requirement,
  requireToken,
} from '../draft/access.ts';
import { hasVariable, renderVariables, variable } from '../draft/draft.ts';
import { entraV1Issuer, issuerFromMetadataUrl, isTenantId } from '../draft/issuer.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { isExpression } from './expressions.ts';

/** Replaces named values, such as `{{name}}`, by variables. */
export const replaceNamedValues = (text: string): string =>
  text.replace(/\{\{([^{}]+)\}\}/g, (_, name: string) => variable(name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')));

const childTexts = (element: XmlElement | undefined, name: string) =>
  (element?.childrenNamed(name) ?? []).map(({ text }) => replaceNamedValues(text));

/** Why clients of the gateway cannot send the token as the policy expects it. */
function unsupportedCarrier(element: XmlElement): string | undefined {
  const header = element.attribute('header-name');
  if (element.attribute('token-value') !== undefined) return 'the token comes from an expression';
  if (element.attribute('query-parameter-name') !== undefined) return 'the token comes in the query';
  if (header !== undefined && header.toLowerCase() !== 'authorization')
    return `the token comes in the header ${header}`;
  const scheme = element.attribute('require-scheme');
  return scheme !== undefined && scheme.toLowerCase() !== 'bearer' ? `the scheme is ${scheme}` : undefined;
}

/** Condition on a claim that is a text with separators: a value must match a whole part of the text. */
function splitCondition(values: readonly string[], separator: string, all: boolean): Condition | string {
  if (values.some(hasVariable)) return 'a claim with a separator has a named value';
  const edge = escapeRegExp(separator);
  const part = (value: string) => `(?:.*${edge})?${value}(?:${edge}.*)?`;
  const texts = values.map(escapeRegExp);
  const patterns = all ? texts.map(part) : [part(`(?:${texts.join('|')})`)];
  if (patterns.length > MAX_PATTERNS || patterns.some(({ length }) => length > 480))
    return 'a claim with a separator has too many values';
  const [first = '', ...more] = patterns;
  return { matches: more.length === 0 ? first : patterns };
}

/** The condition on one claim; `scopeClaim` is the claim that holds the scopes. */
function claimRequirement(claim: XmlElement, scopeClaim: string): Partial<Access> | string {
  const name = claim.attribute('name') ?? '';
  const values = childTexts(claim, 'value');
  const separator = claim.attribute('separator');
  const all = (claim.attribute('match') ?? 'all') !== 'any';
  if (name === '' || isExpression(name) || values.some(isExpression)) return `claim ${name} is an expression`;
  // In API Management a dot is part of the claim name; in the gateway it separates path segments.
  if (name.includes('.') && !name.includes('://')) return `claim ${name} has a dot in its name`;
  if (values.length === 0) return { claims: [[name, { matches: '[\\s\\S]+' }]] };
  const choices = all ? values.map((value) => [value]) : [values];
  if (name === 'aud') return { audiences: choices };
  if (separator === ' ' && name === scopeClaim) return { scopes: choices };
  if (separator !== undefined && separator !== '') {
    const condition = splitCondition(values, separator, all);
    return typeof condition === 'string' ? condition : { claims: [[name, condition]] };
  }
  return { claims: [[name, all && values.length > 1 ? { allOf: values } : { anyOf: values }]] };
}

function claimRequirements(element: XmlElement, scopeClaim: string): Partial<Access> | string {
  const combined = { scopes: [] as Access['scopes'][number][], audiences: [] as Access['audiences'][number][] };
  const claims: Access['claims'][number][] = [];
  for (const claim of element.child('required-claims')?.childrenNamed('claim') ?? []) {
    const requirement = claimRequirement(claim, scopeClaim);
    if (typeof requirement === 'string') return requirement;
    combined.scopes.push(...(requirement.scopes ?? []));
    combined.audiences.push(...(requirement.audiences ?? []));
    claims.push(...(requirement.claims ?? []));
  }
  return { ...combined, claims };
}

/** The accepted issuers, or why they cannot be determined. */
function issuersOf(element: XmlElement): string[] | string {
  const listed = childTexts(element.child('issuers'), 'issuer');
  const addresses = element
    .childrenNamed('openid-config')
    .map((config) => replaceNamedValues(config.attribute('url') ?? ''));
  if (addresses.length === 0) return 'its keys are in the document and not published by an issuer';
  const announced = addresses.flatMap((address) => issuerFromMetadataUrl(address, listed) ?? []);
  if (listed.length === 0)
    return announced.length > 0 ? announced : 'the issuer cannot be determined from its metadata URL';
  const accepted = announced.flatMap((issuer) => [issuer, entraV1Issuer(issuer) ?? issuer]);
  const issuers = listed.filter((issuer) => accepted.includes(issuer));
  return issuers.length > 0 ? issuers : 'none of its issuers matches the metadata URL';
}

function scopeClaimOf(issuer: string): string {
  const url = renderVariables(issuer);
  return URL.canParse(url) ? productOf(url).scopeClaim : 'scope';
}

/** The requirement of `validate-jwt`. */
export function jwtAccess(element: XmlElement): Requirement {
  const fault = unsupportedCarrier(element);
  if (fault !== undefined) return fault;
  if (element.child('decryption-keys') !== undefined) return 'its tokens are encrypted';
  const issuers = issuersOf(element);
  if (typeof issuers === 'string') return issuers;
  const [scopeClaim = 'scope', other] = new Set(issuers.map(scopeClaimOf));
  if (other !== undefined) return 'its issuers use different scope claims';
  return tokenRequirement(element, issuers, scopeClaim, []);
}

function tokenRequirement(
  element: XmlElement,
  issuers: readonly string[],
  scopeClaim: string,
  additional: Access['claims'],
): Requirement {
  const audiences = childTexts(element.child('audiences'), 'audience');
  if (audiences.some(isExpression)) return 'its audience is an expression';
  const conditions = claimRequirements(element, scopeClaim);
  if (typeof conditions === 'string') return conditions;
  return requireToken({
    ...conditions,
    audiences: [...(audiences.length === 0 ? [] : [audiences]), ...(conditions.audiences ?? [])],
    claims: [...(conditions.claims ?? []), ...additional],
    issuers,
  });
}

/** The requirement of `validate-azure-ad-token`; version 2 tokens only, because version 1 has another claim for the client. */
export function entraAccess(element: XmlElement): Requirement {
  const fault = unsupportedCarrier(element);
  if (fault !== undefined) return fault;
  if (element.child('decryption-keys') !== undefined) return 'its tokens are encrypted';
  const tenant = replaceNamedValues(element.attribute('tenant-id') ?? '');
  if (!isTenantId(tenant) || isExpression(tenant)) return 'its tenant is not a tenant ID, so the issuer is unknown';
  const clients = childTexts(element.child('client-application-ids'), 'application-id');
  const backends = childTexts(element.child('backend-application-ids'), 'application-id');
  const endpoint = element.attribute('authentication-endpoint');
  if (endpoint !== undefined) return 'it has a custom authentication endpoint';
  const requirement = tokenRequirement(
    element,
    [`https://login.microsoftonline.com/${tenant}/v2.0`],
    'scp',
    clients.length === 0 ? [] : [['azp', { anyOf: clients }]],
  );
  if (typeof requirement === 'string' || backends.length === 0) return requirement;
  return { ...requirement, audiences: [...requirement.audiences, backends] };
}
