/** A small OpenID provider for development and tests: no passwords, loopback only, everything in memory. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopbackHost } from '../../base/loopback.ts';
import { authorize, choose } from './authorize.ts';
import { refuseClient } from './client-auth.ts';
import { discovery, jwks } from './discovery.ts';
import { endSession } from './end-session.ts';
import { type ProviderRequest, type ProviderResponse, RefusedRequest, readRequest, send, text } from './http.ts';
import { createKeys } from './keys.ts';
import { type DevelopmentClient, type DevelopmentProviderOptions, readOptions } from './options.ts';
import { createState, type ProviderState } from './state.ts';
import { introspect, revoke, userinfo } from './token-state.ts';
import { token } from './tokens.ts';

export interface DevelopmentProvider {
  /** `http://127.0.0.1:<port>`, for `provider.issuer` of the gateway. */
  readonly issuer: string;
  readonly port: number;
  /** The client, with its secret. */
  readonly client: Required<Pick<DevelopmentClient, 'id' | 'secret'>> & DevelopmentClient;
  /** From now on, browsers are signed in as this user without a page; undefined: they choose. Throws for an unknown `sub`. */
  signInAs(sub: string | undefined): void;
  /** Closes all connections and stops listening. */
  stop(): Promise<void>;
}

type Handler = (state: ProviderState, request: ProviderRequest) => ProviderResponse | Promise<ProviderResponse>;

const authenticated =
  (handler: Handler): Handler =>
  (state, request) =>
    refuseClient(state, request) ?? handler(state, request);

const ENDPOINTS: Readonly<Record<string, { methods: readonly string[]; handler: Handler }>> = {
  '/.well-known/openid-configuration': { methods: ['GET', 'HEAD'], handler: discovery },
  '/jwks': { methods: ['GET', 'HEAD'], handler: jwks },
  '/authorize': { methods: ['GET', 'POST'], handler: authorize },
  '/choose': { methods: ['POST'], handler: choose },
  '/token': { methods: ['POST'], handler: authenticated(token) },
  '/userinfo': { methods: ['GET', 'POST'], handler: userinfo },
  '/revoke': { methods: ['POST'], handler: authenticated(revoke) },
  '/introspect': { methods: ['POST'], handler: authenticated(introspect) },
  '/end-session': { methods: ['GET', 'POST'], handler: endSession },
};

async function respond(state: ProviderState, req: IncomingMessage): Promise<ProviderResponse> {
  // A page of another name that resolves to this machine must not read anything here (DNS rebinding).
  if (req.headers.host !== new URL(state.issuer).host) return text(421, `This provider is ${state.issuer}.`);
  const endpoint = ENDPOINTS[req.url?.split('?')[0] ?? ''];
  if (!endpoint) return text(404, 'There is no such endpoint.');
  if (!endpoint.methods.includes(req.method ?? ''))
    return { ...text(405, 'Another method is needed.'), headers: { allow: endpoint.methods.join(', ') } };
  return endpoint.handler(state, await readRequest(req, state.issuer));
}

async function serve(state: ProviderState, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    send(res, req.method, await respond(state, req));
  } catch (error) {
    if (res.headersSent || res.destroyed) return;
    // The rest of a body that is not read would be taken for the next request.
    res.setHeader('connection', 'close');
    send(res, req.method, error instanceof RefusedRequest ? error.response : text(500, 'The provider failed.'));
  }
}

/** Listens, and checks that a name such as `localhost` led to this machine alone. */
async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error) =>
      reject(new Error(`the development provider cannot listen on ${host}, port ${port}: ${cause.message}`, { cause }));
    server.once('error', refuse).listen(port, host, resolve);
  });
  const address = server.address();
  if (typeof address === 'object' && address && isLoopbackHost(address.address)) return address;
  await close(server);
  throw new Error(`host ${host} is not an address of this machine alone`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * Starts a development provider. Rejects with an Error that names the option for options that are not valid, for a host that
 * other machines can reach, and for a port in use.
 */
export async function startDevelopmentProvider(options: DevelopmentProviderOptions): Promise<DevelopmentProvider> {
  const settings = readOptions(options);
  const state = createState(settings, await createKeys());
  const server = createServer((req, res) => void serve(state, req, res));
  const { port } = await listen(server, settings.port, settings.host);
  state.issuer = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
  settings.log(`development provider at ${state.issuer}: no passwords, for development and tests only`);
  return {
    issuer: state.issuer,
    port,
    client: settings.client,
    signInAs(sub) {
      const user = settings.users.find((known) => known.sub === sub);
      if (sub !== undefined && !user) throw new Error(`there is no user with the sub ${sub}`);
      state.signedInAs = user;
    },
    stop: () => close(server),
  };
}
