/** The parts of a browser page that the client uses; its requests are sent by the test browser. */

import type { Client, ClientEvents, ClientOptions, Page } from '../../src/client/base/types.ts';
import { createClient } from '../../src/client/client.ts';
import type { Browser } from '../support/browser.ts';

export interface Tab {
  client: Client;
  page: Page;
  /** Addresses that the page navigated to, without the origin. */
  visits: string[];
  /** Addresses of opened popups. */
  windows: string[];
  /** Requests, such as `GET /session`. */
  calls: string[];
  /** Responses that the client has, such as `401 GET /api/x`, in order. */
  answers: string[];
  /** The headers of each request. */
  headers: Headers[];
  /** Events of the client, in order. */
  events: { type: keyof ClientEvents; detail: unknown }[];
  /** The tab becomes visible. */
  show(): void;
  /** The window of the tab gets the focus. */
  focus(): void;
  /** The windows behind `windows`. */
  popups: { closed: boolean }[];
  /** An event of the window, such as `pageshow`. */
  dispatch(type: string, properties?: object): void;
}

/** The response to a request instead of the gateway's; undefined to ask the gateway. */
export type Respond = (request: Request) => Response | undefined | Promise<Response | undefined>;

export interface TabOptions extends ClientOptions {
  respond?: Respond;
  address?: string;
  /** Popups are blocked. */
  blocked?: boolean;
  storage?: Map<string, string>;
}

const EVENTS = ['signedin', 'signedout', 'userchanged', 'expiring', 'stepup'] as const;

/** Opens a tab of this browser. */
export function openTab(browser: Browser, origin: string, options: TabOptions = {}): Tab {
  const { respond, address = '/orders?page=2#third', blocked = false, storage = new Map(), ...rest } = options;
  const visits: string[] = [];
  const windows: string[] = [];
  const calls: string[] = [];
  const answers: string[] = [];
  const headers: Headers[] = [];
  const events: Tab['events'] = [];
  const popups: Tab['popups'] = [];
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), {
    visibilityState: 'visible',
    baseURI: origin + address,
    hasFocus: () => true,
  });
  const short = (url: string) => url.replace(origin, '');

  const page: Page = {
    location: { origin, href: origin + address, assign: (url) => void visits.push(short(url)) },
    document,
    navigation: new EventTarget(),
    sessionStorage: {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => void storage.set(key, value),
      removeItem: (key) => void storage.delete(key),
    },
    addEventListener: (type, listener) => window.addEventListener(type, listener),
    removeEventListener: (type, listener) => window.removeEventListener(type, listener),
    open(url) {
      windows.push(short(url));
      if (blocked) return null;
      const popup = { closed: false };
      popups.push(popup);
      return popup;
    },
    async fetch(input, init) {
      const request = new Request(typeof input === 'string' ? new URL(input, origin) : input, init);
      request.signal.throwIfAborted();
      calls.push(`${request.method} ${short(request.url)}`);
      headers.push(request.headers);
      const response = (await respond?.(request)) ?? (await send(browser, request));
      answers.push(`${response.status} ${request.method} ${short(request.url)}`);
      return response;
    },
    BroadcastChannel,
  };
  const client = createClient(rest, page);
  for (const type of EVENTS) client.on(type, (detail) => events.push({ type, detail }));
  return {
    client,
    page,
    visits,
    windows,
    calls,
    answers,
    headers,
    events,
    show: () => document.dispatchEvent(new Event('visibilitychange')),
    focus: () => window.dispatchEvent(new Event('focus')),
    popups,
    dispatch: (type, properties) => void window.dispatchEvent(Object.assign(new Event(type), properties)),
  };
}

async function send(browser: Browser, request: Request): Promise<Response> {
  const body = await request.text();
  const {
    status,
    headers,
    body: text,
  } = await browser.fetch(request.url, {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    ...(body === '' ? {} : { body }),
  });
  const given = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const response = new Response(status === 204 ? null : text, { status, headers: given });
  return Object.defineProperty(response, 'url', { value: request.url });
}
