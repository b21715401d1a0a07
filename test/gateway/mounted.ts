/** Mounts a gateway in a plain `node:http` server, as docs/embedding.md shows. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createGateway, type Gateway } from '../../src/index.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import type { Provider } from '../support/provider.ts';

export interface Mounted {
  gateway: Gateway;
  server: Server;
  port: number;
  host: string;
  url: string;
}

export async function mountGateway(
  t: Pick<TestContext, 'after'>,
  provider: Provider,
  config: Partial<ConfigInput>,
): Promise<Mounted> {
  const listenPort = await freePort();
  const url = `http://localhost:${listenPort}`;
  const gateway = createGateway(
    {
      publicUrl: url,
      secrets: { keys: [{ id: 'k1', value: newKey() }] },
      provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
      session: { store: { sqlite: { file: ':memory:' } } },
      development: { allowInsecureHttp: true },
      ...config,
    },
    { logTo: { write: () => {} } },
  );
  await gateway.start();
  const server = createServer(gateway.handler);
  server.on('upgrade', gateway.upgrade).on('connect', gateway.upgrade);
  await new Promise<void>((resolve) => server.listen(listenPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.closeAllConnections();
    server.close();
    return gateway.close();
  });
  return { gateway, server, port, host: `localhost:${port}`, url };
}
