/** Vue composables over one client: the session, the user, and `fetch` for APIs. They render on a server too, as `loading`. */
import {
  type App,
  type ComputedRef,
  computed,
  getCurrentInstance,
  type InjectionKey,
  inject,
  onMounted,
  onScopeDispose,
  type ShallowRef,
  shallowRef,
} from 'vue';
import type { Client, User } from '../../../src/client/client.ts';
import { LOADING, type SessionState, type SessionWatch, watchSession } from './session-watch.ts';

export type { SessionState } from './session-watch.ts';

/** The state of the session as refs, and what a page does with it. */
export type UseSession = { readonly [Name in keyof SessionState]: ComputedRef<SessionState[Name]> } & Pick<
  Client,
  'login' | 'logout' | 'silentLogin'
> &
  Pick<SessionWatch, 'keepAlive' | 'reload'>;

const CLIENT: InjectionKey<Client> = Symbol('bff-gateway-client');

/** A plugin that gives the client of the page to the composables: `app.use(createBff(client))`. */
export function createBff(client: Client): { install(app: App): void } {
  return { install: (app) => void app.provide(CLIENT, client) };
}

/** The client of the page. */
export function useClient(): Client {
  const client = inject(CLIENT, undefined);
  if (!client) throw new Error('no client: call app.use(createBff(createClient())) before app.mount()');
  return client;
}

/** Follows the session until the component, or the effect scope, ends. */
function useSessionState(watch: SessionWatch): ShallowRef<SessionState> {
  // A server has rendered `loading`, and the first rendering in the browser must be the same.
  const state = shallowRef<SessionState>(LOADING);
  const update = () => {
    state.value = watch.state();
  };
  let stop: (() => void) | undefined;
  const start = () => {
    stop = watch.subscribe(update);
    update();
  };
  if (getCurrentInstance()) onMounted(start);
  else start();
  onScopeDispose(() => stop?.());
  return state;
}

/** The session, the user, and the functions that change them. The first use in a page reads the session. */
export function useSession(): UseSession {
  const client = useClient();
  const watch = watchSession(client);
  const state = useSessionState(watch);
  const { login, logout, silentLogin } = client;
  return {
    status: computed(() => state.value.status),
    session: computed(() => state.value.session),
    user: computed(() => state.value.user),
    expiring: computed(() => state.value.expiring),
    error: computed(() => state.value.error),
    login,
    logout,
    silentLogin,
    keepAlive: watch.keepAlive,
    reload: watch.reload,
  };
}

/** The user who is signed in; undefined without a session, and while it loads. */
export function useUser(): ComputedRef<User | undefined> {
  const state = useSessionState(watchSession(useClient()));
  return computed(() => (state.value.status === 'signed-in' ? state.value.user : undefined));
}

/** `fetch` for APIs behind the gateway, see `Client.fetch`. */
export function useBffFetch(): Client['fetch'] {
  return watchSession(useClient()).fetch;
}
