/** The table of rule conditions, in order of evaluation; schema, checks, `explain` and start-up checks follow from it. */
import type { z } from 'zod';
import { acr } from './acr.ts';
import { binding } from './binding.ts';
import { certificate } from './certificate.ts';
import { claims } from './claims.ts';
import type { Condition } from './condition.ts';
import { groups } from './groups.ts';
import { identity } from './identity.ts';
import { maxAge } from './max-age.ts';
import { providers } from './providers.ts';
import { roles } from './roles.ts';
import { scopes } from './scopes.ts';

/** Every condition, by the name of its option. The first one that is not met decides how the request is refused. */
export const CONDITIONS = {
  certificate,
  binding,
  providers,
  identity,
  claims,
  roles,
  groups,
  scopes,
  acr,
  maxAge,
};

type Table = typeof CONDITIONS;
export type ConditionName = keyof Table;

/** The schema of each condition's option. */
type Schemas = { [Name in ConditionName]: Table[Name]['schema'] };

type ConditionOptions = { [Name in ConditionName]: z.ZodOptional<Schemas[Name]> };

/** The conditions by name, in order of evaluation. */
export const conditionEntries = Object.entries(CONDITIONS) as readonly [ConditionName, Condition][];

/** Returns the options that the conditions add to a rule. */
export function conditionOptions(): ConditionOptions {
  const options = conditionEntries.map(([name, { schema }]): [string, z.ZodType] => [name, schema.optional()]);
  return Object.fromEntries(options) as ConditionOptions;
}
