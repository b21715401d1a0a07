/** A provider with a session of its own and a sign-in form, as browsers meet it; and the client in a page of the app. */
import type { Page } from 'playwright';
import type { Provider } from '../support/provider.ts';
import type { ProviderRequest, ProviderResponse } from '../support/provider-types.ts';
import { until } from '../support/wait.ts';

interface SsoOptions {
  /** Milliseconds that the provider takes to end its session. */
  slowEnd?: number;
  /** Headers of the form, such as Cross-Origin-Opener-Policy. */
  headers?: Record<string, string>;
  /** A page without these headers is before the form, as at a broker that leads to another provider. */
  broker?: boolean;
}

const COOKIE = 'provider-session=1';

function answerError({ params }: ProviderRequest, issuer: string): ProviderResponse {
  const back = new URL(params.get('redirect_uri') ?? '');
  const failure = { error: 'login_required', state: params.get('state') ?? '', iss: issuer };
  back.search = new URLSearchParams(failure).toString();
  return { status: 302, headers: { location: back.href } };
}

/** Makes the provider show a form until the user has signed in, and no form after that until its session has ended. */
export function setUpSso(provider: Provider, { slowEnd = 0, headers = {}, broker = false }: SsoOptions = {}): void {
  provider.behaviour.authorize = async (request, proceed) => {
    const known = request.headers.cookie?.includes(COOKIE);
    const confirmed = request.url.searchParams.get('confirmed');
    if (!known && confirmed === null && request.params.get('prompt') === 'none')
      return answerError(request, provider.issuer);
    if (!known && confirmed === null && broker && !request.url.searchParams.has('broker')) {
      const next = `${request.url.search}&broker=1`.replaceAll('&', '&amp;');
      const body = `<!doctype html><title>broker</title><a id="broker" href="${next}">Continue</a>`;
      return { status: 200, headers: { 'content-type': 'text/html' }, body };
    }
    if (!known && confirmed === null) {
      const next = `${request.url.search}&confirmed=1`.replaceAll('&', '&amp;');
      const body = `<!doctype html><title>provider</title><a id="go" href="${next}">Sign in</a>`;
      return { status: 200, headers: { 'content-type': 'text/html', ...headers }, body };
    }
    const response = await proceed();
    return { ...response, headers: { ...response.headers, 'set-cookie': `${COOKIE}; Path=/; HttpOnly` } };
  };
  provider.behaviour.end_session = async (_request, proceed) => {
    await new Promise((resolve) => setTimeout(resolve, slowEnd));
    const response = await proceed();
    return { ...response, headers: { ...response.headers, 'set-cookie': `${COOKIE}; Path=/; Max-Age=0` } };
  };
}

/** Runs code in the page with the client of the page as `client`; it is created at the first use. */
export function withClient<Result>(page: Page, code: string, options = '{}'): Promise<Result> {
  return page.evaluate<Result>(`(async () => {
    const { createClient } = await import('/client.js');
    globalThis.client ??= createClient(${options});
    ${code}
  })()`);
}

/** Starts `code`, whose promise is kept in the page as `globalThis[name]`, with its result in `globalThis.results[name]`. */
export async function startInPage(page: Page, name: string, code: string, options?: string): Promise<void> {
  await withClient(
    page,
    `globalThis.results ??= {};
    globalThis.${name} = (async () => { ${code} })().then(
      (value) => { globalThis.results.${name} = value; },
      (error) => { globalThis.results.${name} = String(error); },
    );`,
    options,
  );
}

/** Waits until `expression` is true in the page; the policy of the pages forbids the `eval` of Playwright's own wait. */
export const untilInPage = (page: Page, expression: string): Promise<unknown> =>
  until(() => page.evaluate(expression).catch(() => false), { timeout: 90_000, interval: 50, what: expression });

/** The result of what `startInPage` started, as soon as there is one. */
export async function resultOf(page: Page, name: string): Promise<unknown> {
  await untilInPage(page, `'${name}' in (globalThis.results ?? {})`);
  return page.evaluate(`globalThis.results.${name}`);
}
