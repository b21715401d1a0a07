/** Values that a route sets: templates compiled once, filled in with claims and facts of each request. */

import type { ValueChanges } from '../../config/changes/header-changes.ts';
import {
  type ClaimVariable,
  type ConfiguredValue,
  parseTemplate,
  type RequestVariable,
  type TemplatePart,
} from '../../config/changes/value-template.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { claimAt } from '../../oidc/products/base/claims.ts';
import type { Admission } from '../admission/admit.ts';
import { MAX_CLAIM_LENGTH } from '../headers/claim-headers.ts';
import { createCallerClaims } from './caller-claims.ts';

/** What the values of one request are made of. */
export interface RequestFacts {
  readonly context: RequestContext;
  readonly admission: Admission;
}

/** Returns a claim as text that cannot break out of its place; undefined for one that is missing or cannot be encoded. */
export type ClaimEncoder = (value: unknown) => string | undefined;

/** Returns the value for a request; undefined if a claim is missing. */
export type CompiledValue = (facts: RequestFacts) => string | undefined;

/** Names with their values, and the names that are removed. */
export interface CompiledChanges {
  readonly removed: readonly string[];
  readonly values: readonly (readonly [name: string, value: CompiledValue])[];
}

/** How the values of a route are filled in. */
export interface ValueOptions {
  readonly route: RouteConfig;
  readonly app: string;
  /** Encodes claims. */
  readonly encode: ClaimEncoder;
  /** Encodes all other text. */
  readonly encodeText: (text: string) => string;
}

function compileVariable(variable: RequestVariable, { route, app, encodeText }: ValueOptions): CompiledValue {
  switch (variable) {
    case 'request.id':
      return ({ context }) => encodeText(context.id);
    case 'request.address':
      return ({ context }) => encodeText(context.clientIp);
    case 'route':
      return () => encodeText(route.path);
    case 'app':
      return () => encodeText(app);
  }
}

function compileClaim({ source, path }: ClaimVariable, { route, encode }: ValueOptions): CompiledValue {
  const claimsOf = createCallerClaims(source, route.claimsFrom);
  return ({ admission }) => encode(claimAt(claimsOf(admission), path));
}

function compilePart(part: TemplatePart, options: ValueOptions): CompiledValue {
  if ('claim' in part) return compileClaim(part.claim, options);
  if ('variable' in part) return compileVariable(part.variable, options);
  const text = options.encodeText(part.text);
  return () => text;
}

function joinParts(parts: readonly CompiledValue[], facts: RequestFacts): string | undefined {
  let text = '';
  for (const part of parts) {
    const value = part(facts);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/** Compiles one value. A value that is too long is omitted and logged. */
function compileValue(name: string, value: ConfiguredValue, options: ValueOptions): CompiledValue {
  if (typeof value !== 'string') {
    const secret = options.encodeText(value.secret);
    return () => secret;
  }
  const parts = parseTemplate(value).map((part) => compilePart(part, options));
  return (facts) => {
    const text = joinParts(parts, facts);
    if (text === undefined || text.length <= MAX_CLAIM_LENGTH) return text;
    const { log } = facts.context;
    log.warn({ name, value, length: text.length }, 'value of the route is too long; header or parameter omitted');
    return undefined;
  };
}

/** Compiles the changes of a route. */
export function compileChanges(changes: ValueChanges, options: ValueOptions): CompiledChanges {
  return {
    removed: [...Object.keys(changes.set), ...changes.remove],
    values: [...Object.entries(changes.set), ...Object.entries(changes.add)].map(([name, value]) => [
      name,
      compileValue(name, value, options),
    ]),
  };
}
