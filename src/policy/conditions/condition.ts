/** The shape of a rule condition, and the facts about a request that conditions are checked against. */
import type { z } from 'zod';
import type { ClientCertificate } from '../../certificate/client-certificate.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';

/** What is known about a request when a rule is decided. */
export interface RequestFacts {
  /** The access token of the caller; undefined for a caller without one. */
  readonly token: TokenFacts | undefined;
  /** Whether the caller sent the token itself, and no session has it. */
  readonly ownToken?: boolean;
  /** The verified certificate of the client; only a rule with a condition on it has it read. */
  readonly certificate?: ClientCertificate | undefined;
  /** Address of the client, as far as trusted proxies report it. */
  readonly clientIp: string;
  readonly method: string;
  /** Segments of the path, percent-decoded. */
  readonly segments: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Clock difference to the issuer that is tolerated, in milliseconds. */
  readonly tolerance: number;
}

/** A refusal with 403: a stable word for log, audit and response. `detail` completes "the rule requires ..." for log and `explain`. */
export interface Denied<Reason extends string = string> {
  readonly kind: 'denied';
  readonly reason: Reason;
  readonly detail: string;
}

/** Missing scopes, separated by spaces, as the challenge names them (RFC 6750 section 3): of alternatives the first. */
export interface InsufficientScope {
  readonly kind: 'insufficient_scope';
  readonly scope: string;
}

/** Parameters of a sign-in with which a user can meet a condition (RFC 9470 section 3). */
export type StepUpParam = 'acr_values' | 'max_age';

/** The user has to sign in with these parameters: those of every step-up condition of the rule, whichever of them failed. */
export interface StepUp {
  readonly kind: 'step_up';
  readonly params: Readonly<Partial<Record<StepUpParam, string>>>;
}

export type Refusal = Denied | InsufficientScope | StepUp;

/** What the check of one condition returns: undefined when the condition is met. */
export type CheckResult<Reason extends string = string> =
  | Denied<Reason>
  | InsufficientScope
  | { readonly kind: 'step_up' }
  | undefined;

interface ConditionBase<Schema extends z.ZodType, Reason extends string> {
  /** The option of a rule, with its description. */
  readonly schema: Schema;
  /** Every `reason` with which the condition can deny. */
  readonly reasons: readonly Reason[];
}

/** A condition on the access token of the caller. It does not apply to callers without one. */
export interface TokenCondition<Schema extends z.ZodType = z.ZodType, Reason extends string = string>
  extends ConditionBase<Schema, Reason> {
  readonly over: 'token';
  /** Whether it reads claims that only a validated token has, so that `accessTokens` must be configured. */
  readonly needsAccessTokens: boolean;
  /** The parameter of a sign-in that meets the condition, when another sign-in can. */
  readonly stepUp?: { readonly param: StepUpParam; format(value: z.output<Schema>): string };
  /** Prepares the check once per route. */
  compile(value: z.output<Schema>): (token: TokenFacts, request: RequestFacts) => CheckResult<Reason>;
}

/** A condition on the request itself. It applies to every caller, with or without a token. */
export interface RequestCondition<Schema extends z.ZodType = z.ZodType, Reason extends string = string>
  extends ConditionBase<Schema, Reason> {
  readonly over: 'request';
  /** Prepares the check once per route. */
  compile(value: z.output<Schema>): (request: RequestFacts) => CheckResult<Reason>;
}

export type Condition<Schema extends z.ZodType = z.ZodType, Reason extends string = string> =
  | TokenCondition<Schema, Reason>
  | RequestCondition<Schema, Reason>;

/** Returns the condition on the access token unchanged; infers the type of its value. */
export function tokenCondition<Schema extends z.ZodType, const Reason extends string = never>(
  condition: Omit<TokenCondition<Schema, Reason>, 'over'>,
): TokenCondition<Schema, Reason> {
  return { over: 'token', ...condition };
}

/** Returns the condition on the request unchanged; infers the type of its value. */
export function requestCondition<Schema extends z.ZodType, const Reason extends string = never>(
  condition: Omit<RequestCondition<Schema, Reason>, 'over'>,
): RequestCondition<Schema, Reason> {
  return { over: 'request', ...condition };
}
