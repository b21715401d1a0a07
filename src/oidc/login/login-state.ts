/** The `state` of a sign-in: unguessable, and with a sealed note of where the sign-in leads, which outlives its cookie. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Keyring } from '../../crypto/keyring.ts';

const schema = z.strictObject({
  returnTo: z.string(),
  /** Whether the sign-in shows nothing to the user (`prompt=none`). */
  silent: z.boolean(),
});

export type LoginTrace = z.infer<typeof schema>;

/** Providers limit the length of the state; a longer return address is left out. */
const MAX_LENGTH = 768;

export function createLoginStates(keyring: Pick<Keyring, 'seal' | 'open'>) {
  return {
    newState(trace: LoginTrace): string {
      const random = randomBytes(32).toString('base64url');
      const seal = (content: LoginTrace) => `${random}.${keyring.seal('login', random, JSON.stringify(content))}`;
      const state = seal(trace);
      return state.length <= MAX_LENGTH ? state : seal({ ...trace, returnTo: '/' });
    },
    trace(state: string): LoginTrace | undefined {
      const dot = state.indexOf('.');
      const text = dot < 0 ? undefined : keyring.open('login', state.slice(0, dot), state.slice(dot + 1));
      return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    },
  };
}
