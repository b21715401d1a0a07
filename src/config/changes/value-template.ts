/** Values of the headers and query parameters that a route sets: text with variables such as `$(claim.tenant)`. */
import { z } from 'zod';
import type { SecretField } from '../fields/secret.ts';

/** Sources of claims about the caller. */
export const CLAIM_SOURCES = ['claim', 'accessToken', 'identity', 'userInfo'] as const;
export type ClaimSource = (typeof CLAIM_SOURCES)[number];

/** Variables without a claim path. */
const REQUEST_VARIABLES = ['request.id', 'request.address', 'route', 'app'] as const;
export type RequestVariable = (typeof REQUEST_VARIABLES)[number];

/** A claim of the caller at a path. */
export interface ClaimVariable {
  readonly source: ClaimSource;
  readonly path: string;
}

/** Literal text, or a variable. */
export type TemplatePart =
  | { readonly text: string }
  | { readonly variable: RequestVariable }
  | { readonly claim: ClaimVariable };

/** A value of a route: a template, or a secret. */
export type ConfiguredValue = string | { readonly secret: string };

const MAX_LENGTH = 4096;
const VARIABLE = /\$\(([^()]*)\)/;
const SYNTAX = 'expected a variable such as $(claim.tenant), $(request.id) or $(route)';

function variablePart(name: string): TemplatePart | undefined {
  const variable = REQUEST_VARIABLES.find((known) => known === name);
  if (variable !== undefined) return { variable };
  const dot = name.indexOf('.');
  const source = CLAIM_SOURCES.find((known) => known === name.slice(0, dot));
  const path = name.slice(dot + 1);
  return source === undefined || dot < 0 || path.trim() === '' ? undefined : { claim: { source, path } };
}

/** Returns the parts of a template in their order; undefined stands for a variable that does not exist. */
function partsOf(template: string): (TemplatePart | undefined)[] {
  // With a group, `split` returns texts and names in turn.
  return template.split(VARIABLE).flatMap((part, index) => {
    if (index % 2 === 1) return [variablePart(part)];
    return part === '' ? [] : [{ text: part }];
  });
}

/** Returns the parts of a valid template in their order. */
export const parseTemplate = (template: string): TemplatePart[] =>
  partsOf(template).filter((part) => part !== undefined);

/** Returns the claims of the caller that a value contains; none for a secret. */
export function claimVariables(value: ConfiguredValue): ClaimVariable[] {
  if (typeof value !== 'string') return [];
  return parseTemplate(value).flatMap((part) => ('claim' in part ? [part.claim] : []));
}

/** Text that no header can carry (RFC 9110 section 5.5), or that recipients read in different ways. */
function textFault(text: string): string | undefined {
  if (text === '') return 'expected a text';
  if (!/^[\x20-\x7e]*$/.test(text)) return 'expected letters, digits and signs of ASCII, without line breaks';
  if (text !== text.trim()) return 'expected a text without spaces at its ends';
  return text.length > MAX_LENGTH ? `expected at most ${MAX_LENGTH} characters` : undefined;
}

/** Returns what is wrong with a template; undefined for a valid one. */
function templateFault(template: string): string | undefined {
  const parts = partsOf(template);
  if (parts.includes(undefined)) return SYNTAX;
  if (parts.some((part) => part !== undefined && 'text' in part && part.text.includes('$('))) return SYNTAX;
  return textFault(template);
}

const faultless = <Schema extends z.ZodType<string, unknown>>(
  schema: Schema,
  faultOf: (text: string) => string | undefined,
) =>
  schema.refine((text) => faultOf(text) === undefined, {
    error: ({ input }) => (typeof input === 'string' ? faultOf(input) : undefined),
    abort: true,
  });

/** Schema of a value without secrets. */
export const template = () => faultless(z.string(), templateFault).meta({ 'x-type': 'template' });

/** Schema of a value for the upstream. */
export const configuredValue = (secret: SecretField) =>
  z.union([
    template(),
    z.strictObject({
      secret: faultless(secret(), textFault).describe('The whole value, which no log, page or message shows.'),
    }),
  ]);
