/** The hooks of all plugins as the gateway calls them. A hook that no plugin has is undefined, and costs a request nothing. */
import { GatewayError } from '../base/errors.ts';
import type { JsonObject } from './events.ts';
import type { HookName, Plugin } from './hooks.ts';
import { createObserver, type Observer, settle } from './observers.ts';
import { type HeaderChanges, mergeJson, readCall, readLogin, readSession } from './results.ts';
import { createRunHook, type EventOf, HookFailure, type HookLimits, type RunHook } from './run-hook.ts';

/** The hooks of an app. */
export interface AppHooks {
  /** Returns the data for the session; undefined if there is none. Throws `login_refused` or `hook_failed`. */
  readonly login: ((event: Omit<EventOf<'onLogin'>, 'data'>) => Promise<JsonObject | undefined>) | undefined;
  /** Returns `custom` of the response; undefined if there is none. Never rejects. */
  readonly session: ((event: Omit<EventOf<'onSession'>, 'custom'>) => Promise<JsonObject | undefined>) | undefined;
  /** Returns the changes of the request's headers. Throws `call_refused` or `hook_failed`. */
  readonly call:
    | ((event: Omit<EventOf<'onCall'>, 'headers'>, isAllowed: (name: string) => boolean) => Promise<HeaderChanges>)
    | undefined;
  readonly tokens: Observer<EventOf<'onTokens'>> | undefined;
  readonly logout: Observer<EventOf<'onLogout'>> | undefined;
  /** Resolves when the hooks that run in the background have ended, or after 2 s. */
  settle(): Promise<void>;
}

/** Number of events of `onTokens`, and of `onLogout`, that run at the same time. */
const CONCURRENT_EVENTS = 8;

const withHook = (plugins: readonly Plugin[], hook: HookName) => plugins.filter(({ hooks }) => hooks[hook]);

const NONE: JsonObject = Object.freeze({});

/** The error of a request that a hook stopped. The message names plugin and hook; the cause is for the log. */
function asGatewayError(error: unknown): unknown {
  if (!(error instanceof HookFailure)) return error;
  return new GatewayError('hook_failed', { detail: error.message, cause: error.cause });
}

/** Runs `step` for each plugin in turn, with what the earlier ones returned. */
async function inTurn<T>(plugins: readonly Plugin[], start: T, step: (plugin: Plugin, earlier: T) => Promise<T>) {
  let value = start;
  try {
    for (const plugin of plugins) value = await step(plugin, value);
  } catch (error) {
    throw asGatewayError(error);
  }
  return value;
}

function createLogin(all: readonly Plugin[], runHook: RunHook): AppHooks['login'] {
  const plugins = withHook(all, 'onLogin');
  if (plugins.length === 0) return undefined;
  return async function login(event) {
    const data = await inTurn<JsonObject>(plugins, NONE, async (plugin, earlier) => {
      const outcome = await runHook(plugin, 'onLogin', { ...event, data: earlier }, (result) => {
        const read = readLogin(result);
        return read && 'data' in read ? { data: Object.freeze(mergeJson(earlier, read.data)) } : read;
      });
      if (outcome === undefined) return earlier;
      if ('data' in outcome) return outcome.data;
      throw new GatewayError('login_refused', { detail: `the plugin ${plugin.name} refused`, hint: outcome.refuse });
    });
    return data === NONE ? undefined : data;
  };
}

function createSession(all: readonly Plugin[], runHook: RunHook): AppHooks['session'] {
  const plugins = withHook(all, 'onSession');
  if (plugins.length === 0) return undefined;
  return async function session(event) {
    const custom = await inTurn<JsonObject>(plugins, NONE, (plugin, earlier) =>
      runHook(plugin, 'onSession', { ...event, custom: earlier }, (result) => {
        const read = readSession(result);
        return read ? Object.freeze(mergeJson(earlier, read)) : earlier;
      }),
    ).catch(() => NONE);
    return custom === NONE ? undefined : custom;
  };
}

const UNCHANGED: HeaderChanges = Object.freeze({});

function createCall(all: readonly Plugin[], runHook: RunHook): AppHooks['call'] {
  const plugins = withHook(all, 'onCall');
  if (plugins.length === 0) return undefined;
  return async function call(event, isAllowed) {
    return await inTurn(plugins, UNCHANGED, async (plugin, earlier) => {
      const outcome = await runHook(plugin, 'onCall', { ...event, headers: earlier }, (result) =>
        readCall(result, isAllowed),
      );
      if (outcome === undefined) return earlier;
      if ('headers' in outcome) return Object.freeze({ ...earlier, ...outcome.headers });
      const { status, detail } = outcome.refuse;
      throw new GatewayError('call_refused', { status, detail: `the plugin ${plugin.name} refused`, hint: detail });
    });
  };
}

/** Creates the hooks of an app. */
export function createAppHooks(plugins: readonly Plugin[], limits: HookLimits): AppHooks {
  const runHook = createRunHook(limits);
  const observing = { plugins, runHook, report: limits.report, concurrency: CONCURRENT_EVENTS };
  const tokens = createObserver('onTokens', observing);
  const logout = createObserver('onLogout', observing);
  return {
    login: createLogin(plugins, runHook),
    session: createSession(plugins, runHook),
    call: createCall(plugins, runHook),
    tokens,
    logout,
    settle: () => settle([tokens, logout]),
  };
}

/** Creates the observer of audit events, which plugins get in order; undefined if no plugin has the hook. */
export function createAuditObserver(
  plugins: readonly Plugin[],
  limits: HookLimits,
): Observer<EventOf<'onAudit'>> | undefined {
  return createObserver('onAudit', { plugins, runHook: createRunHook(limits), report: limits.report, concurrency: 1 });
}
