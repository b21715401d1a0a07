/** Targets that run as processes, and clients that send 50 requests a second without a pause. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../support/ports.ts';
import { until, within } from '../../support/wait.ts';

/** One request as a target received it. */
interface Received {
  readonly method: string;
  readonly id: string | undefined;
  readonly host: string | undefined;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** All requests so far, of earlier processes too. */
  readonly received: readonly Received[];
  start(): Promise<void>;
  /** Kills the process, as when a machine fails. */
  kill(): Promise<void>;
  /** Ends the process as an orchestrator does: it completes its requests. */
  stop(): Promise<void>;
  /** Stops the process without closing anything: connections are accepted by the system, and nothing responds. */
  freeze(): void;
  thaw(): void;
  /** Sets the status of all further responses. */
  respondWith(status: number): void;
  /** Resolves when it has received some more requests. */
  receives(count: number): Promise<void>;
}

/** Starts a target, which is at the host and a port that others may share. */
export async function startTarget(
  t: TestContext,
  { host = '127.0.0.1', port }: { host?: string; port?: number } = {},
): Promise<Target> {
  const own = port ?? (await freePort());
  const received: Received[] = [];
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await within(exited, `the target ends after ${signal}`);
  }
  const target: Target = {
    host,
    port: own,
    url: `http://${host}:${own}`,
    received,
    async start() {
      const started = fork(join(import.meta.dirname, 'target-process.ts'), [host, String(own)]);
      child = started;
      await new Promise<void>((resolve) => {
        started.on('message', (message: Received | { listening: true }) => {
          if ('listening' in message) resolve();
          else received.push(message);
        });
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    respondWith: (status) => void child?.send({ status }),
    async receives(count) {
      const before = received.length;
      await until(() => received.length >= before + count, { what: `${count} requests at ${host}:${own}` });
    },
  };
  t.after(() => end('SIGKILL'));
  await target.start();
  return target;
}

/** How a request of the clients ended. */
interface Ended {
  readonly method: 'GET' | 'POST';
  readonly id: string;
  /** 0: the connection failed. */
  readonly status: number;
  readonly ms: number;
}

export interface Calls {
  readonly ended: readonly Ended[];
  /** Resolves when nine of ten among the last `count` requests have ended with 200 and within the time. */
  recover(count: number, maxMs: number): Promise<void>;
  /** Resolves when every GET that was sent until now has ended. */
  getsEnd(): Promise<void>;
  /** Ends the load; resolves when every request has ended. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 20;
/** Every fifth request is a POST. */
const POST_EVERY = 5;

/** Sends 50 requests a second to a port. */
export function startCalls(t: TestContext, port: number, path = '/'): Calls {
  const agent = new Agent({ keepAlive: true });
  const ended: Ended[] = [];
  const pendingGets = new Set<number>();
  let started = 0;
  const send = () => {
    started += 1;
    const method = started % POST_EVERY === 0 ? 'POST' : 'GET';
    const id = `${method}-${started}`;
    const at = performance.now();
    const number = started;
    if (method === 'GET') pendingGets.add(number);
    const end = (status: number) => {
      pendingGets.delete(number);
      ended.push({ method, id, status, ms: performance.now() - at });
    };
    const headers = { host: `localhost:${port}`, 'x-id': id, ...(method === 'POST' ? { 'content-length': 2 } : {}) };
    const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (res) => {
      res.resume().once('end', () => end(res.statusCode ?? 0));
    });
    sent.once('error', () => end(0)).end(method === 'POST' ? 'hi' : undefined);
  };
  const timer = setInterval(send, INTERVAL_MS);
  const stop = async () => {
    clearInterval(timer);
    await until(() => ended.length === started, { what: 'every request ends' });
    agent.destroy();
  };
  t.after(stop);
  return {
    ended,
    async recover(count, maxMs) {
      const before = ended.length;
      await until(
        () => {
          const last = ended.slice(before).slice(-count);
          const quick = last.filter(({ status, ms }) => status === 200 && ms <= maxMs);
          return last.length === count && quick.length >= 0.9 * count;
        },
        { what: `${count} quick requests` },
      );
    },
    async getsEnd() {
      const sent = [...pendingGets];
      await until(() => !sent.some((number) => pendingGets.has(number)), { what: 'every GET ends' });
    },
    stop,
  };
}

/** The ids of POST requests that a target received although another one had, or the same one, received them before. */
export function repeatedPosts(targets: readonly Target[]): string[] {
  const posts = targets.flatMap(({ received }) => received.filter(({ method }) => method === 'POST'));
  const ids = posts.map(({ id = '' }) => id);
  return ids.filter((id, index) => ids.indexOf(id) < index);
}

/** GET requests that failed. */
export const failedGets = ({ ended }: Calls): readonly Ended[] =>
  ended.filter(({ method, status }) => method === 'GET' && status !== 200);
