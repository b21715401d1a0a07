/** Several hosts that share one session, configured as documented, behind a simulated front proxy that terminates TLS. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { Config, ConfigInput } from '../../../src/config/schema/schema.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { startServer } from '../../../src/server/server.ts';
import { openStore } from '../../../src/store/open.ts';
import { type Browser, createBrowser } from '../../support/browser.ts';
import { LOOPBACK_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { docSamples } from '../../support/doc-sample.ts';
import { newKey } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { upstreamClient } from '../../support/upstream-client.ts';
import { type Answer, sendTo } from './asked-site.ts';

export const AUTH = 'https://auth.example.com';
export const WIKI = 'https://wiki.example.com';
export const GRAFANA = 'https://grafana.example.com';
/** A host below the domain that the app does not list. */
export const OTHER = 'https://other.example.com';

type Headers = Readonly<Record<string, string>>;

export interface SharedSite {
  readonly config: Config;
  readonly provider: Provider;
  readonly port: number;
  /** Port of the front proxy with TLS, for a real browser. */
  readonly tlsPort: number;
  browser(): Browser;
  /** A browser that is signed in, after it opened a page of the wiki. */
  signIn(): Promise<Browser>;
  /** Asks the private listener about a GET of an origin, as nginx does. */
  about(address: string, headers?: Headers, endpoint?: string): Promise<Answer>;
}

/** Sends a request on, and its response back. */
function relay(req: IncomingMessage, res: ServerResponse, port: number, path: string, headers: Headers): void {
  const sent = request(
    { host: '127.0.0.1', port, path, method: req.method, headers: { ...req.headers, ...headers }, agent: false },
    (received) => {
      const isAllowed = path.startsWith('/auth/') && received.statusCode === 200;
      // The site shows what it receives.
      const site = JSON.stringify({ user: received.headers['x-webauth-user'], cookie: received.headers.cookie });
      if (!isAllowed) res.writeHead(received.statusCode ?? 0, received.rawHeaders);
      if (isAllowed) received.resume().on('end', () => res.end(site));
      else received.pipe(res);
    },
  );
  req.pipe(sent);
}

/** What the front proxy says about every request. */
const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };

/** The front proxy: the endpoints of one host, and sites that the gateway is asked about. */
function createFront(own: number, asked: number) {
  return (req: IncomingMessage, res: ServerResponse) => {
    const { host = '' } = req.headers;
    const url = req.url ?? '';
    if (`https://${host}` === AUTH) return relay(req, res, own, url, FORWARDED);
    return relay(req, res, asked, '/auth/redirect', {
      'x-forwarded-method': req.method ?? '',
      'x-forwarded-uri': url,
      'x-forwarded-host': host,
      ...FORWARDED,
    });
  };
}

function readSample(provider: Provider, further: Partial<ConfigInput>, own: number, asked: number): Config {
  const [sample = ''] = docSamples('forward-auth-sites', 'One cookie for several hosts', {});
  const documented = parse(sample) as ConfigInput & { routes: NonNullable<ConfigInput['routes']> };
  const { issuer, client } = provider;
  return parseConfig({
    ...documented,
    listen: { host: '127.0.0.1', port: own },
    admin: { enabled: false },
    trustedProxies: ['127.0.0.1'],
    forwardAuth: { port: asked },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { ...documented.provider, issuer, clientId: client.id, clientSecret: client.secret },
    session: { ...documented.session, store: { sqlite: { file: ':memory:' } } },
    limits: { loginsPerMinute: 0, drainDelay: '0s' },
    upstreamClient,
    development: { allowInsecureHttp: true },
    ...further,
    routes: [...(further.routes ?? []), ...documented.routes],
  } as ConfigInput);
}

/** Starts it, until the test ends; further routes come before those of the documentation. */
export async function startSharedSite(
  t: Pick<TestContext, 'after'>,
  further: Partial<ConfigInput> = {},
): Promise<SharedSite> {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const [own, asked] = [await freePort(), await freePort()];
  const [frontPort, tlsPort] = [await freePort(), await freePort()];
  const config = readSample(provider, further, own, asked);
  const log = createLogger('silent', { write() {} });
  const server = await startServer(config, { store: openStore(config.session.store, { log }), log });
  const respond = createFront(own, asked);
  const front = createServer(respond).listen(frontPort, '127.0.0.1');
  const secured = createTlsServer({ key: TEST_KEY, cert: LOOPBACK_CERTIFICATE }, respond).listen(tlsPort, '127.0.0.1');
  const fronts = Object.fromEntries([AUTH, WIKI, GRAFANA, OTHER].map((origin) => [origin, { port: frontPort }]));
  const browsers: Browser[] = [];
  t.after(async () => {
    for (const browser of browsers) browser.close();
    for (const each of [front, secured]) {
      each.closeAllConnections();
      each.close();
    }
    await server.stop();
  });
  const open = () => {
    const browser = createBrowser({ baseUrl: WIKI, fronts });
    browsers.push(browser);
    return browser;
  };
  return {
    config,
    provider,
    port: own,
    tlsPort,
    browser: open,
    async signIn() {
      const browser = open();
      await browser.navigate('/');
      return browser;
    },
    about(address, sent = {}, endpoint = 'verify') {
      const { host, pathname, search } = new URL(address);
      const original = { 'x-original-method': 'GET', 'x-original-uri': pathname + search, 'x-original-host': host };
      return sendTo(asked, `/auth/${endpoint}`, { ...original, 'x-forwarded-proto': 'https', ...sent });
    },
  };
}
