/** React hooks over one client: the session, the user, and `fetch` for APIs. They render on a server too, as `loading`. */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { Client, User } from '../../../src/client/client.ts';
import { LOADING, type SessionState, type SessionWatch, watchSession } from './session-watch.ts';

export type { SessionState } from './session-watch.ts';

/** The state of the session, and what a page does with it. The functions stay the same between renders. */
export type UseSession = SessionState &
  Pick<Client, 'login' | 'logout' | 'silentLogin'> &
  Pick<SessionWatch, 'keepAlive' | 'reload'>;

const ClientContext = createContext<Client | undefined>(undefined);

/** Gives the client of the page to the hooks below it. */
export function BffProvider(props: { client: Client; children?: ReactNode }): ReactElement {
  return createElement(ClientContext, { value: props.client }, props.children);
}

/** The client of the page. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error('no client: render the component below <BffProvider client={createClient()}>');
  return client;
}

function useSessionState(watch: SessionWatch): SessionState {
  return useSyncExternalStore(watch.subscribe, watch.state, () => LOADING);
}

/** The session, the user, and the functions that change them. The first use in a page reads the session. */
export function useSession(): UseSession {
  const client = useClient();
  const watch = watchSession(client);
  const state = useSessionState(watch);
  return useMemo(() => {
    const { login, logout, silentLogin } = client;
    return { ...state, login, logout, silentLogin, keepAlive: watch.keepAlive, reload: watch.reload };
  }, [client, watch, state]);
}

/** The user who is signed in; undefined without a session, and while it loads. */
export function useUser(): User | undefined {
  const { status, user } = useSessionState(watchSession(useClient()));
  return status === 'signed-in' ? user : undefined;
}

/** `fetch` for APIs behind the gateway, see `Client.fetch`: the same function in every render. */
export function useBffFetch(): Client['fetch'] {
  return watchSession(useClient()).fetch;
}
