/** The `state` of a sign-in: unguessable, and with a sealed note of where the sign-in leads, which outlives its cookie. */
import { randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Keyring } from '../../crypto/keyring.ts';

export interface LoginTrace {
  /** Missing if it is too long. */
  returnTo?: string;
  /** Whether the sign-in shows nothing to the user (`prompt=none`). */
  silent: boolean;
}

/** Some providers refuse a longer state (Connect2id, for one). A return address that does not fit is left out. */
const MAX_LENGTH = 1024;

/** RFC 6749 section 10.10 requires 128 bits and recommends 160. */
const RANDOM_BYTES = 24;

const SILENT = 's';
const INTERACTIVE = 'i';

/** Compressed, so that most return addresses fit. It contains no secret whose parts the length could reveal. */
const pack = ({ silent, returnTo = '' }: LoginTrace) => deflateRawSync((silent ? SILENT : INTERACTIVE) + returnTo);

function unpack(bytes: Buffer): LoginTrace {
  const text = inflateRawSync(bytes).toString('utf8');
  const returnTo = text.slice(1);
  return { silent: text.startsWith(SILENT), ...(returnTo === '' ? {} : { returnTo }) };
}

/** No cookie is sealed for this context, so that its content is never taken for a state. */
const contextOf = (random: string) => `state ${random}`;

export function createLoginStates(keyring: Pick<Keyring, 'seal' | 'openBytes'>) {
  return {
    newState(trace: LoginTrace): string {
      const random = randomBytes(RANDOM_BYTES).toString('base64url');
      const seal = (content: LoginTrace) => `${random}.${keyring.seal('login', contextOf(random), pack(content))}`;
      const state = seal(trace);
      return state.length <= MAX_LENGTH ? state : seal({ silent: trace.silent });
    },
    trace(state: string): LoginTrace | undefined {
      const dot = state.indexOf('.');
      const bytes =
        dot < 0 ? undefined : keyring.openBytes('login', contextOf(state.slice(0, dot)), state.slice(dot + 1));
      return bytes && unpack(bytes);
    },
  };
}
