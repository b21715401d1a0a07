/** Refreshes each session at the provider that issued its tokens. */
import type { Refresher } from '../refresh/refresher.ts';
import type { SignInProviders } from './sign-in-providers.ts';

/** Creates the refresher of all sessions. */
export function createRefreshByProvider(providers: SignInProviders): Refresher {
  return {
    ensureUsable: (session) => providers.of(session).refresher.ensureUsable(session),
    forceRefresh: (session) => providers.of(session).refresher.forceRefresh(session),
    refreshOnDemand: (session) => providers.of(session).refresher.refreshOnDemand(session),
    close: async () => void (await Promise.all(providers.all.map(({ refresher }) => refresher.close()))),
  };
}
