/** What `validate-jwt` and `validate-azure-ad-token` of Azure API Management ask of a caller.
 * https://learn.microsoft.com/azure/api-management/validate-jwt-policy and .../validate-azure-ad-token-policy
 */

import { productOf } from '../../oidc/products/registry.ts';
import { type Access, type Condition, escapeRegExp, type Requirement, requireToken } from '../draft/access.ts';
import { hasVariable, renderVariables, variable } from '../draft/draft.ts';
import { entraV1Issuer, issuerFromMetadataUrl, isTenantId } from '../draft/issuer.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { isExpression } from './expressions.ts';

/** A text with its named values as variables. */
export const replaceNamedValues = (text: string): string =>
  text.replace(/\{\{([^{}]+)\}\}/g, (_, name: string) => variable(name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')));

const childTexts = (element: XmlElement | undefined, name: string) =>
  (element?.childrenNamed(name) ?? []).map(({ text }) => replaceNamedValues(text));

/** Why the token is looked for, or left out, in a way that callers of the gateway have not. */
function unsupportedCarrier(element: XmlElement): string | undefined {
  const header = element.attribute('header-name');
  if (element.attribute('token-value') !== undefined) return 'the token comes from an expression';
  if (element.attribute('query-parameter-name') !== undefined) return 'the token comes in the query';
  if (header !== undefined && header.toLowerCase() !== 'authorization')
    return `the token comes in the header ${header}`;
  const scheme = element.attribute('require-scheme');
  return scheme !== undefined && scheme.toLowerCase() !== 'bearer' ? `the scheme is ${scheme}` : undefined;
}

/** Elements of a list that is split by a separator before it is compared: each value alone, or between separators. */
function splitCondition(values: readonly string[], separator: string, all: boolean): Condition | string {
  if (values.some(hasVariable)) return 'a named value in a claim with separator';
  const edge = escapeRegExp(separator);
  const word = (value: string) => `(?:.*${edge})?${value}(?:${edge}.*)?`;
  const texts = values.map(escapeRegExp);
  const matches = all ? `${texts.map((text) => `(?=${word(text)}$)`).join('')}.*` : word(`(?:${texts.join('|')})`);
  return matches.length > 480 ? 'too many values in a claim with separator' : { matches };
}

/** One required claim; `scopeClaim` is the one that holds the scopes. */
function claimRequirement(claim: XmlElement, scopeClaim: string): Partial<Access> | string {
  const name = claim.attribute('name') ?? '';
  const values = childTexts(claim, 'value');
  const separator = claim.attribute('separator');
  const all = (claim.attribute('match') ?? 'all') !== 'any';
  if (name === '' || isExpression(name) || values.some(isExpression)) return `claim ${name} is made by an expression`;
  // A dot is part of the name there, and a way into an object here.
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
  const sum = { scopes: [] as Access['scopes'][number][], audiences: [] as Access['audiences'][number][] };
  const claims: Access['claims'][number][] = [];
  for (const claim of element.child('required-claims')?.childrenNamed('claim') ?? []) {
    const demand = claimRequirement(claim, scopeClaim);
    if (typeof demand === 'string') return demand;
    sum.scopes.push(...(demand.scopes ?? []));
    sum.audiences.push(...(demand.audiences ?? []));
    claims.push(...(demand.claims ?? []));
  }
  return { ...sum, claims };
}

/** Issuers whose tokens it takes, or why they cannot be told. */
function issuersOf(element: XmlElement): string[] | string {
  const listed = childTexts(element.child('issuers'), 'issuer');
  const addresses = element
    .childrenNamed('openid-config')
    .map((config) => replaceNamedValues(config.attribute('url') ?? ''));
  if (addresses.length === 0) return 'its keys stand in the document, so no issuer can be asked for them';
  const announced = addresses.flatMap((address) => issuerFromMetadataUrl(address, listed) ?? []);
  if (listed.length === 0)
    return announced.length > 0 ? announced : 'the issuer cannot be told from the address of its metadata';
  const taken = announced.flatMap((issuer) => [issuer, entraV1Issuer(issuer) ?? issuer]);
  const issuers = listed.filter((issuer) => taken.includes(issuer));
  return issuers.length > 0 ? issuers : 'none of its issuers is the one that the metadata belongs to';
}

function scopeClaimOf(issuer: string): string {
  const url = renderVariables(issuer);
  return URL.canParse(url) ? productOf(url).scopeClaim : 'scope';
}

/** `validate-jwt`. */
export function jwtAccess(element: XmlElement): Requirement {
  const fault = unsupportedCarrier(element);
  if (fault !== undefined) return fault;
  if (element.child('decryption-keys') !== undefined) return 'its tokens are encrypted';
  const issuers = issuersOf(element);
  if (typeof issuers === 'string') return issuers;
  const [scopeClaim = 'scope', other] = new Set(issuers.map(scopeClaimOf));
  if (other !== undefined) return 'issuers of two kinds, whose claims differ';
  return tokenRequirement(element, issuers, scopeClaim, []);
}

function tokenRequirement(
  element: XmlElement,
  issuers: readonly string[],
  scopeClaim: string,
  more: Access['claims'],
): Requirement {
  const audiences = childTexts(element.child('audiences'), 'audience');
  if (audiences.some(isExpression)) return 'its audience is made by an expression';
  const demands = claimRequirements(element, scopeClaim);
  if (typeof demands === 'string') return demands;
  return requireToken({
    ...demands,
    audiences: [...(audiences.length === 0 ? [] : [audiences]), ...(demands.audiences ?? [])],
    claims: [...(demands.claims ?? []), ...more],
    issuers,
  });
}

/** `validate-azure-ad-token`: tokens of version 2 only, since those of version 1 name their client in another claim. */
export function entraAccess(element: XmlElement): Requirement {
  const fault = unsupportedCarrier(element);
  if (fault !== undefined) return fault;
  if (element.child('decryption-keys') !== undefined) return 'its tokens are encrypted';
  const tenant = replaceNamedValues(element.attribute('tenant-id') ?? '');
  if (!isTenantId(tenant) || isExpression(tenant)) return 'its tenant is no number, so the issuer cannot be told';
  const clients = childTexts(element.child('client-application-ids'), 'application-id');
  const backends = childTexts(element.child('backend-application-ids'), 'application-id');
  const endpoint = element.attribute('authentication-endpoint');
  if (endpoint !== undefined) return 'it has an authentication endpoint of its own';
  const asked = tokenRequirement(
    element,
    [`https://login.microsoftonline.com/${tenant}/v2.0`],
    'scp',
    clients.length === 0 ? [] : [['azp', { anyOf: clients }]],
  );
  if (typeof asked === 'string' || backends.length === 0) return asked;
  return { ...asked, audiences: [...asked.audiences, backends] };
}
