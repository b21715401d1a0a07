/** The condition `binding`: the access token that a caller sends must be bound to a key or a certificate of the caller. */
import { z } from 'zod';
import { tokenBinding } from '../../oidc/products/base/token-binding.ts';
import { tokenCondition } from './condition.ts';

const WHAT = {
  dpop: 'a key (DPoP)',
  certificate: 'a client certificate',
  any: 'a key or a client certificate',
} as const;

export const binding = tokenCondition({
  schema: z
    .enum(['dpop', 'certificate', 'any'])
    .describe(
      'The access token that a client sends must be bound to a key (RFC 9449), to its certificate (RFC 8705), or to either; possession is always verified. Does not concern sessions: their tokens never leave the gateway.',
    ),
  needsAccessTokens: true,
  reasons: ['binding'],
  compile:
    (value) =>
    (token, { ownToken }) => {
      if (!ownToken) return undefined;
      const { key, certificate } = tokenBinding(token) ?? {};
      const isBound = (value !== 'certificate' && key !== undefined) || (value !== 'dpop' && certificate !== undefined);
      return isBound
        ? undefined
        : { kind: 'denied', reason: 'binding', detail: `a token that is bound to ${WHAT[value]}` };
    },
});
