/** The providers at which users sign in: which one a request names, and which one a session belongs to. */
import { providerIdOf, type TokenRecord } from '../../session/session-types.ts';
import type { SignInProvider } from './sign-in-provider.ts';

export interface SignInProviders {
  /** In the order of the configuration. */
  readonly all: readonly SignInProvider[];
  /** The provider with an id; undefined if there is none. */
  get(id: string): SignInProvider | undefined;
  /**
   * The provider that issued the tokens of a session. A loaded session always has one: `Sessions` ends those whose provider is
   * no longer configured.
   */
  of(session: { readonly tokens: Pick<TokenRecord, 'provider'> }): SignInProvider;
}

/** Creates the list; throws if it is empty. */
export function createSignInProviders(all: readonly SignInProvider[]): SignInProviders {
  const byId = new Map(all.map((provider) => [provider.id, provider]));
  const [first] = all;
  if (!first) throw new Error('expected at least one provider');
  return {
    all,
    get: (id) => byId.get(id),
    of: ({ tokens }) => byId.get(providerIdOf(tokens)) ?? first,
  };
}
