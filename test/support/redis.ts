/** Runs a real redis-server on a free port; tests can stop, restart, pause and dump it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';

export interface RedisServerOptions {
  port?: number;
  /** Further arguments of redis-server, such as `['--requirepass', 'x']`. */
  args?: readonly string[];
  /** Runs as a Sentinel with this configuration file, which names the port. */
  sentinel?: string;
  /** Working directory; by default a temporary one that is removed when this process exits. */
  dir?: string;
  /** Keep the data across `stop` and `restart` (append-only file). */
  persist?: boolean;
  /** Credentials of the helper's client, if the server requires them. */
  client?: { username?: string; password: string };
}

export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  readonly dir: string;
  stop(): Promise<void>;
  /** Stops the server if it is running, and starts it on the same port. */
  restart(): Promise<void>;
  /** Freezes the process: connections stay open without responses. */
  pause(): void;
  resume(): void;
  keys(): Promise<string[]>;
  /** All keys and values as text, one per line, for leak scans. */
  dump(): Promise<string>;
  flush(): Promise<void>;
  /** Runs `work` with a client that is closed afterwards. */
  withClient<T>(work: (client: Redis) => Promise<T>): Promise<T>;
}

/** Whether the server responds to PING; NOAUTH counts as ready, LOADING does not. */
function respondsToPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const settle = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(500, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('data', (data) => settle(/^(\+PONG|-NOAUTH)/.test(data.toString())));
  });
}

async function untilReady(child: ChildProcess, port: number, output: () => string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await respondsToPing(port))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}: ${output()}`);
    if (Date.now() > deadline) throw new Error(`redis-server did not respond on port ${port}: ${output()}`);
    await delay(20);
  }
}

async function spawnRedis(port: number, dir: string, options: RedisServerOptions): Promise<ChildProcess> {
  const persistence = options.persist ? ['--appendonly', 'yes'] : ['--appendonly', 'no'];
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--shutdown-timeout', '0'];
  const args = options.sentinel ? [options.sentinel, '--sentinel'] : [...base, ...persistence, ...(options.args ?? [])];
  const child = spawn('redis-server', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(new Error('redis-server is not installed: install the package redis-server (or redis)', { cause }));
    });
  });
  await Promise.race([failed, untilReady(child, port, () => text)]);
  return child;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await exited;
  clearTimeout(timer);
}

async function readValue(client: Redis, key: string): Promise<string> {
  switch (await client.type(key)) {
    case 'string':
      return (await client.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await client.hgetall(key));
    case 'set':
      return JSON.stringify(await client.smembers(key));
    case 'zset':
      return JSON.stringify(await client.zrange(key, '0', '-1', 'WITHSCORES'));
    case 'list':
      return JSON.stringify(await client.lrange(key, 0, -1));
    default:
      return '';
  }
}

async function readAll(client: Redis): Promise<string> {
  const lines = [];
  for (const key of (await client.keys('*')).sort()) lines.push(`${key}=${await readValue(client, key)}`);
  return lines.join('\n');
}

async function startOnFreePort(
  dir: string,
  options: RedisServerOptions,
): Promise<{ port: number; child: ChildProcess }> {
  for (let attempt = 0; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return { port, child: await spawnRedis(port, dir, options) };
    } catch (error) {
      // Another process may have taken the port in the meantime.
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || options.port !== undefined || attempt >= 5) throw error;
    }
  }
}

/** Starts redis-server and waits until it responds to PING. It ends with this process at the latest. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'bff-redis-'));
  const started = await startOnFreePort(dir, options);
  const { port } = started;
  let child = started.child;
  process.once('exit', () => {
    child.kill('SIGKILL');
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  });

  async function withClient<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 1, ...options.client });
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    dir,
    stop: () => stopProcess(child),
    async restart() {
      await stopProcess(child);
      child = await spawnRedis(port, dir, options);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    keys: () => withClient((client) => client.keys('*')),
    dump: () => withClient(readAll),
    flush: () => withClient(async (client) => void (await client.flushall())),
    withClient,
  };
}
