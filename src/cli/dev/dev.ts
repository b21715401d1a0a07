/** `bff-gateway dev`: a gateway and its own OpenID provider on this machine, without a file, until Ctrl+C. */
import type { Config } from '../../config/schema/schema.ts';
import { openLogs } from '../../observe/open-logs.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import { openStore } from '../../store/open.ts';
import type { DevelopmentUser } from '../../testing/provider/options.ts';
import { type DevelopmentProvider, startDevelopmentProvider } from '../../testing/provider/provider.ts';
import { devConfig } from './config.ts';
import type { DevOptions } from './options.ts';
import { findPort } from './ports.ts';
import { devReport } from './report.ts';

const CLIENT_ID = 'bff-gateway-dev';
/** How far the port of the provider is from that of the gateway, if that port is free. */
const PROVIDER_OFFSET = 100;
/** Maximum time that the start waits for an address to respond. */
const PROBE_TIMEOUT_MS = 1_000;

export interface DevDeps {
  readonly users: readonly DevelopmentUser[];
  readonly out: (text: string) => void;
}

/** The addresses that do not respond. */
async function silentOnes(options: DevOptions): Promise<Set<string>> {
  const { frontend, apis } = options;
  const servers = frontend !== undefined && 'devServer' in frontend ? [frontend.devServer] : [];
  const silent = new Set<string>();
  const probe = async (url: string) => {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
  };
  const addresses = [...servers, ...apis.map(({ upstream }) => upstream)];
  await Promise.all(addresses.map((url) => probe(url).catch(() => silent.add(url))));
  return silent;
}

async function startProvider(options: DevOptions, port: number, users: readonly DevelopmentUser[]) {
  const { providerPort, audience } = options;
  const first = providerPort ?? port + PROVIDER_OFFSET;
  return await startDevelopmentProvider({
    users,
    port: await findPort('--provider-port', first, providerPort !== undefined),
    client: { id: CLIENT_ID },
    ...(audience === undefined ? {} : { audience }),
  });
}

async function startGateway(config: Config): Promise<RunningServer> {
  const { log } = openLogs(config);
  const store = openStore(config.session.store, { log });
  try {
    return await startServer(config, { store, log });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Resolves at the first signal. With Ctrl+C the terminal and npx send one each, so further ones change nothing. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve()).on('SIGTERM', () => resolve());
  });
}

async function serve(options: DevOptions, port: number, provider: DevelopmentProvider, deps: DevDeps): Promise<void> {
  const config = devConfig(options, port, provider);
  const stopped = untilStopped();
  const server = await startGateway(config);
  const { users, out } = deps;
  const { issuer } = provider;
  out(devReport({ options, url: config.publicUrl, issuer, users, silent: await silentOnes(options) }));
  await stopped;
  await server.stop();
}

/** Runs until a signal stops it; nothing is left behind. */
export async function runDev(options: DevOptions, deps: DevDeps): Promise<void> {
  const port = await findPort('--port', options.port, options.isChosen);
  const provider = await startProvider(options, port, deps.users);
  try {
    await serve(options, port, provider, deps);
  } finally {
    await provider.stop();
  }
}
