/** The front end's side of the gateway: who is signed in, sign-in and sign-out, guarded calls, all tabs in step. Never a token. */
import { createCalls } from './calls.ts';
import { OK } from './gateway-header.ts';
import { askedBy } from './login-url.ts';
import { createState } from './state.ts';
import type { Client, ClientOptions, LoginOptions, Page, User } from './types.ts';

export type * from './types.ts';

/** Set while this tab has asked for a sign-in without a question, or signed out: it is not to be asked again by itself. */
const ASKED = 'bff-asked';

/** Builds a client. It asks nothing until it is used. */
export function createClient(options: ClientOptions = {}, page: Page = globalThis as unknown as Page): Client {
  const { base = '' } = options;
  const { location, sessionStorage } = page;
  const state = createState(options, page);
  const calls = createCalls(options, page, state, login);
  let profile: { mark: string; claims: Promise<User | undefined> } | undefined;

  const leave = (url: string) => {
    location.assign(url);
    // The page goes away: what waits for this is not to go on and show an error for a moment.
    return new Promise<never>(() => {});
  };

  async function login({ returnTo, popup, loginUrl, ...params }: LoginOptions = {}): Promise<boolean> {
    const url = new URL(`${base}/login`, location.href);
    for (const [name, value] of Object.entries({
      ...(loginUrl === undefined ? {} : askedBy(loginUrl, url)),
      ...params,
      returnTo: popup ? `${base}/signed-in` : (returnTo ?? location.href.slice(location.origin.length)),
    }))
      url.searchParams.set(name, value);
    return popup ? inWindow(url.href) : leave(url.href);
  }

  /** The window and this page lose sight of each other at the provider, so its end is seen by its effect. */
  function inWindow(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (!page.open(url, '_blank', 'popup,width=480,height=720')) return resolve(false);
      const done = (signedIn: boolean) => {
        off();
        page.removeEventListener('focus', back);
        resolve(signedIn);
      };
      const off = state.on('signedin', () => done(true));
      // Back without a sign-in: the user thought better of it.
      const back = () =>
        void state.read().then(
          () => done(false),
          () => done(false),
        );
      page.addEventListener('focus', back);
    });
  }

  async function claims(): Promise<User | undefined> {
    const answer = await state.call('/profile');
    const code = state.codeOf(answer);
    if (code === OK) return answer.json() as Promise<User>;
    if (code === 'unauthenticated') return void (await state.read());
    throw state.failure(answer);
  }

  return {
    session: state.read,
    on: state.on,
    close: state.close,
    fetch: calls,
    login,
    async user() {
      const { authenticated } = await state.known();
      if (!authenticated) return undefined;
      const mark = state.mark();
      if (profile?.mark !== mark) profile = { mark, claims: claims() };
      const mine = profile;
      return mine.claims.catch((error: unknown) => {
        if (profile === mine) profile = undefined;
        throw error;
      });
    },
    async silentLogin(returnTo) {
      if ((await state.read()).authenticated) {
        sessionStorage.removeItem(ASKED);
        return true;
      }
      if (sessionStorage.getItem(ASKED)) return false;
      sessionStorage.setItem(ASKED, '1');
      return login({ prompt: 'none', ...(returnTo === undefined ? {} : { returnTo }) });
    },
    async logout() {
      const answer = await state.call('/logout', { method: 'POST' });
      if (state.codeOf(answer) !== OK) throw state.failure(answer);
      sessionStorage.setItem(ASKED, '1');
      state.leave();
      // The gateway leads on to the provider by an address of its own, so any other is a mistake.
      const next = new URL(((await answer.json()) as { location: string }).location, location.href);
      if (next.origin !== location.origin) throw state.failure(answer);
      await leave(next.href);
    },
    async keepAlive() {
      await state.call('/profile');
      return state.read();
    },
  };
}
