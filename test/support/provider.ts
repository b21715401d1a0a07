/** An OpenID provider in the test process; a test can make it misbehave, stall or rotate its keys. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { createSigningKey, type SigningKey } from './keys.ts';
import { authorize, endSession, metadata } from './provider-authorize.ts';
import { introspection, jwks, revocation, token, userinfo } from './provider-endpoints.ts';
import { par } from './provider-requests.ts';
import { createState, discardExpired, type State } from './provider-state.ts';
import { startTls, thumbprintOf } from './provider-tls.ts';
import {
  ENDPOINTS,
  type Endpoint,
  type ProviderOptions,
  type ProviderRequest,
  type ProviderResponse,
} from './provider-types.ts';

export interface Provider
  extends Pick<State, 'client' | 'settings' | 'behaviour' | 'secrets' | 'grants' | 'introspectable'> {
  readonly issuer: string;
  readonly port: number;
  /** Origin of the same endpoints with TLS and client certificates. */
  readonly tlsOrigin: string | undefined;
  /** Received requests by endpoint. */
  readonly requests: Record<Endpoint, ProviderRequest[]>;
  /** User and properties of the next sign-in. */
  readonly next: Pick<State, 'nextUser' | 'nextAcr' | 'nextSid' | 'nextAuthAge'>;
  /** The current signing key. */
  currentKey(): SigningKey;
  /** Token requests with `grant_type=refresh_token`. */
  refreshRequests(): ProviderRequest[];
  /** Clears the recorded requests, not the grants. */
  clearRequests(): void;
  /** Discards everything that a long run no longer needs, including what expired or was replaced. */
  discardExpired(): void;
  /** Switches to a new signing key; the old keys stay published until `withdrawOldKeys`. */
  rotateKeys(): SigningKey;
  withdrawOldKeys(): void;
  /** Removes all behaviour that a test has set. */
  resetBehaviour(): void;
  /** Closes all connections and stops listening. */
  stop(): Promise<void>;
  /** Listens again on the same port with the same state. */
  start(): Promise<void>;
}

const HANDLERS: Record<
  Endpoint,
  (state: State, request: ProviderRequest) => ProviderResponse | Promise<ProviderResponse>
> = {
  discovery: metadata,
  jwks,
  authorize,
  token,
  userinfo,
  revocation,
  introspection,
  end_session: endSession,
  par,
};

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function endpointOf(state: State, path: string): Endpoint | undefined {
  const base = new URL(state.issuer).pathname.replace(/\/$/, '');
  const ofProduct = ENDPOINTS.find((known) => state.product.paths?.[known]?.includes(path));
  if (ofProduct) return ofProduct;
  if (!path.startsWith(`${base}/`)) return undefined;
  const name = path.slice(base.length + 1);
  return name === '.well-known/openid-configuration' ? 'discovery' : ENDPOINTS.find((known) => known === name);
}

function send(res: ServerResponse, response: ProviderResponse): void | Promise<void> {
  if (response.raw) return response.raw(res);
  const body = response.json === undefined ? (response.body ?? '') : JSON.stringify(response.json);
  const type = response.json === undefined ? {} : { 'content-type': 'application/json' };
  res.writeHead(response.status, { ...type, ...response.headers });
  res.end(body);
}

async function serve(
  state: State,
  requests: Provider['requests'],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = new URL(req.url ?? '/', `${req.socket instanceof TLSSocket ? 'https' : 'http'}://${req.headers.host}`);
  const endpoint = endpointOf(state, url.pathname);
  if (!endpoint) return void res.writeHead(404).end();
  const method = req.method ?? 'GET';
  const params = method === 'POST' ? await readForm(req) : url.searchParams;
  const request: ProviderRequest = {
    endpoint,
    method,
    url,
    params,
    headers: req.headers,
    at: Date.now(),
    thumbprint: thumbprintOf(req),
  };
  requests[endpoint].push(request);
  const handle = async (changed = request) => HANDLERS[endpoint](state, changed);
  const proceed = async (changed = request) => state.product.behaviour[endpoint]?.(changed, handle) ?? handle(changed);
  const response = await (state.behaviour[endpoint]?.(request, proceed) ?? proceed());
  request.status = response.status;
  // By the provider's own clock, which a test can set.
  if (state.settings.dateHeader) res.setHeader('date', new Date(state.now()).toUTCString());
  else res.sendDate = false;
  await send(res, response);
}

const createRequestLog = () =>
  ({
    discovery: [],
    jwks: [],
    authorize: [],
    token: [],
    userinfo: [],
    revocation: [],
    end_session: [],
    introspection: [],
    par: [],
  }) satisfies Provider['requests'];

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function controls(state: State, requests: Provider['requests']) {
  return {
    issuer: state.issuer,
    requests,
    client: state.client,
    settings: state.settings,
    behaviour: state.behaviour,
    secrets: state.secrets,
    grants: state.grants,
    introspectable: state.introspectable,
    next: state,
    currentKey: () => state.key,
    refreshRequests: () => requests.token.filter((request) => request.params.get('grant_type') === 'refresh_token'),
    clearRequests() {
      for (const endpoint of ENDPOINTS) requests[endpoint].splice(0);
    },
    discardExpired() {
      this.clearRequests();
      discardExpired(state);
    },
    rotateKeys() {
      state.key = createSigningKey(state.key.alg);
      state.published.unshift(state.key);
      return state.key;
    },
    withdrawOldKeys: () => void state.published.splice(1),
    resetBehaviour() {
      for (const name of Object.keys(state.behaviour)) Reflect.deleteProperty(state.behaviour, name);
    },
  };
}

/** Longer than the pauses of a test: a connection that closes just when its next request is sent would fail that request. */
const KEEP_ALIVE_MS = 65_000;

/** Starts a provider on 127.0.0.1. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const state = createState(options);
  const requests: Provider['requests'] = createRequestLog();
  const fail = (res: ServerResponse) => (error: unknown) => {
    if (!res.headersSent) res.writeHead(500, { 'content-type': 'text/plain' });
    res.end(String(error));
  };
  const createHttpServer = () =>
    createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS },
      (req, res) => void serve(state, requests, req, res).catch(fail(res)),
    );
  let server = createHttpServer();
  const tls = options.tls
    ? await startTls((req, res) => void serve(state, requests, req, res).catch(fail(res)))
    : undefined;
  const port = await listen(server, options.port ?? 0);
  state.origin = `http://127.0.0.1:${port}`;
  state.issuer = options.issuer ?? `${state.origin}${options.issuerPath ?? ''}`;
  return {
    ...controls(state, requests),
    port,
    tlsOrigin: tls?.origin,
    async stop() {
      await close(server);
      await tls?.close();
    },
    async start() {
      server = createHttpServer();
      await listen(server, port);
    },
  };
}
