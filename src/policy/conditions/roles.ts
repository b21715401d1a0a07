/** The condition `roles`: roles that the access token must carry. */
import { z } from 'zod';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import { alternativesOf, missingValues } from '../values/alternatives.ts';
import { tokenCondition } from './condition.ts';

const role = z.union([
  z.string().min(1),
  z.strictObject({
    client: z.string().min(1).describe('Client that the role belongs to (Keycloak resource_access).'),
    role: z.string().min(1).describe('Name of the role.'),
  }),
]);

export type RoleName = z.output<typeof role>;

const hasRole = (token: TokenFacts, name: RoleName) =>
  typeof name === 'string' ? token.roles.includes(name) : token.clientRoles(name.client).includes(name.role);

const formatRole = (name: RoleName) => (typeof name === 'string' ? name : `${name.role} of ${name.client}`);

export const roles = tokenCondition({
  schema: z
    .array(z.union([role, z.array(role).min(1)]))
    .min(1)
    .describe('Roles that the token must have, wherever the provider puts them: a list is AND, a nested list is OR.'),
  needsAccessTokens: true,
  reasons: ['role'],
  compile(value) {
    const required = alternativesOf<RoleName>(value);
    return (token) => {
      const [missing] = missingValues(required, token, hasRole);
      return missing === undefined
        ? undefined
        : { kind: 'denied', reason: 'role', detail: `role ${formatRole(missing)}` };
    };
  },
});
