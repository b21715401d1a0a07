/** The development provider with the defaults of a test: three users and a client. */
import type { DevelopmentProviderOptions, DevelopmentUser } from './provider/options.ts';
import { type DevelopmentProvider, startDevelopmentProvider } from './provider/provider.ts';

/** The users of a provider that is started without any. */
export const TEST_USERS: readonly DevelopmentUser[] = [
  { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.org', roles: ['admin'], groups: ['staff'] },
  { sub: 'grace', name: 'Grace Hopper', email: 'grace@example.org', roles: ['editor'], groups: ['staff'] },
  { sub: 'linus', name: 'Linus Pauling', email: 'linus@example.org' },
];

/** Starts a provider on a free port of this machine. Rejects as the development provider does. */
export function startTestProvider(options: Partial<DevelopmentProviderOptions> = {}): Promise<DevelopmentProvider> {
  return startDevelopmentProvider({ users: TEST_USERS, client: { id: 'test-client' }, ...options });
}
