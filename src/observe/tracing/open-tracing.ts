/** Opens tracing as configured; without it, nothing of OpenTelemetry is loaded, and requests are not touched. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/schema/schema.ts';
import { describeError, type Logger } from '../log.ts';
import type { LoadedTracing } from './sdk.ts';
import { readTracingSettings, type TracingSettings } from './settings.ts';
import { createStartedTraces } from './started-traces.ts';
import type { Tracing } from './tracing.ts';
import type { Environment } from './variables.ts';

/** Maximum time for the last export: a collector that is down must not delay the end of the process. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Resolves after this time at the latest. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}

function loadLazily(settings: Extract<TracingSettings, { kind: 'export' | 'global' }>, log: Logger): Tracing {
  let loaded: LoadedTracing | undefined;
  async function load(): Promise<void> {
    const { loadTracing } = await import('./sdk.ts');
    loaded = await loadTracing(settings, log);
  }
  const ready = load().catch((error: unknown) =>
    log.error({ err: describeError(error) }, 'failed to load tracing; no spans are recorded'),
  );
  return {
    ready,
    startRequest: (request) => loaded?.startRequest(request),
    startWork: (name, attributes) => loaded?.startWork(name, attributes),
    async close() {
      await ready;
      const closing = Promise.resolve(loaded?.close()).catch((error: unknown) =>
        log.warn({ err: describeError(error) }, 'failed to export the last spans'),
      );
      await within(CLOSE_TIMEOUT_MS, closing);
    },
  };
}

/** Opens tracing; undefined if traces of clients are only passed on. `env` is the environment of the process. */
export function openTracing(
  tracing: Config['tracing'],
  log: Logger,
  env: Environment = process.env,
): Tracing | undefined {
  const { settings, problems } = readTracingSettings(tracing, env);
  for (const problem of problems) log.warn({ problem }, 'tracing: a variable of OpenTelemetry cannot be used');
  if (settings.kind === 'off') return undefined;
  if (settings.kind === 'start') return createStartedTraces(settings.sample);
  return loadLazily(settings, log);
}
