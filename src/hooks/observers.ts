/** Runs hooks that only observe: in the background, a few at a time, and never in the way of a request. */
import { runWithoutSpan } from '../tracing/current-span.ts';
import type { HookName, Plugin } from './hooks.ts';
import type { EventOf, HookReport, RunHook } from './run-hook.ts';

/** Maximum number of events of one hook that wait; further ones are dropped and counted. */
const MAX_WAITING = 1_000;

export interface Observer<Event> {
  (event: Event): void;
  /** Resolves when no event waits or runs. */
  idle(): Promise<void>;
  /** Drops the events that wait. */
  clear(): void;
}

export interface ObserverOptions {
  readonly plugins: readonly Plugin[];
  readonly runHook: RunHook;
  readonly report: Pick<HookReport, 'dropped'>;
  /** Number of events that run at the same time. With 1, plugins get them in order. */
  readonly concurrency: number;
}

/** Maximum time that a stop waits for the events that hooks have not got yet. */
const MAX_SETTLE_MS = 2_000;

/** Waits until the observers are idle, for a short time; then drops what still waits. */
export async function settle(observers: readonly (Observer<never> | undefined)[]): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, MAX_SETTLE_MS);
  await Promise.race([Promise.all(observers.map((observer) => observer?.idle())), over.promise]);
  clearTimeout(timer);
  for (const observer of observers) observer?.clear();
}

/** Creates the observer of a hook, which passes each event to the plugins that have the hook; undefined if none has it. */
export function createObserver<Name extends HookName>(
  hook: Name,
  { plugins, runHook, report, concurrency }: ObserverOptions,
): Observer<EventOf<Name>> | undefined {
  const observing = plugins.filter(({ hooks }) => hooks[hook]);
  if (observing.length === 0) return undefined;
  const waiting: EventOf<Name>[] = [];
  const idle: (() => void)[] = [];
  let running = 0;

  async function pass(event: EventOf<Name>): Promise<void> {
    // A failure is reported by `runHook`, and the next plugin still gets the event.
    for (const plugin of observing) await runHook(plugin, hook, event, () => undefined).catch(() => undefined);
  }
  async function work(): Promise<void> {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) await pass(event);
    running -= 1;
    if (running === 0) for (const resolve of idle.splice(0)) resolve();
  }
  function observe(event: EventOf<Name>): void {
    if (waiting.length >= MAX_WAITING) {
      report.dropped(hook);
      return;
    }
    waiting.push(event);
    if (running >= concurrency) return;
    running += 1;
    // After the code that causes the event: a hook that blocks delays no response that is ready.
    // It may go on with the events of other requests, which are no part of this one's trace.
    setImmediate(() => runWithoutSpan(() => void work()));
  }
  return Object.assign(observe, {
    idle: () => (running === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.push(resolve))),
    clear: () => void waiting.splice(0),
  });
}
