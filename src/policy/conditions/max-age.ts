/** The condition `maxAge`: how recently the user must have authenticated (RFC 9470). */
import { duration } from '../../config/fields/fields.ts';
import { tokenCondition } from './condition.ts';

export const maxAge = tokenCondition({
  schema: duration('1s', '365d').describe('Maximum time since the user authenticated.'),
  needsAccessTokens: false,
  reasons: [],
  stepUp: { param: 'max_age', format: (maximum) => String(Math.floor(maximum / 1000)) },
  compile:
    (maximum) =>
    (token, { now, tolerance }) => {
      // RFC 9470 section 3: an unknown age is too old.
      const recent = token.authTime !== undefined && now - token.authTime * 1000 <= maximum + tolerance;
      return recent ? undefined : { kind: 'step_up' };
    },
});
