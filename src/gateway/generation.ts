/** One generation of apps: a reload builds the changed ones, keeps the others as they are, and refuses those that cannot be used. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { cookieHostsOf } from '../config/apps/authorities.ts';
import { asRunning } from '../config/load/reload-clashes.ts';
import { addressOf, appsOf, configOfApps, sessionCookieName } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { readAppFiles } from './app-files.ts';
import { type AppRuntime, createAppRuntime } from './app-runtime.ts';
import { createSharedClients, type SharedClients, type SharedParts } from './shared-parts.ts';

/** An app, and the files that it was built from besides its configuration. */
interface BuiltApp {
  readonly app: AppRuntime;
  readonly files: readonly string[];
}

/** An app of which the configuration could not be used. */
export interface RefusedApp {
  /** Id of the app. */
  readonly id: string;
  readonly reason: string;
}

export interface Generation {
  /** The configuration of the apps: of a refused one the configuration that it keeps, but for the options that all apps share. */
  readonly config: Config;
  readonly shared: SharedParts;
  readonly apps: readonly [AppRuntime, ...AppRuntime[]];
  readonly refused: readonly RefusedApp[];
  /** The apps that no earlier generation has. */
  readonly created: readonly AppRuntime[];
  readonly built: readonly BuiltApp[];
}

export interface GenerationParts {
  /** The generation that this one follows. */
  running?: Generation | undefined;
  createShared: (config: Config) => SharedParts;
  /** Whether an app that finds none of its providers, or not its index page, is refused. */
  mustDiscover: boolean;
}

/** Number of apps that start at the same time: hundreds of them must not become hundreds of discoveries at once, unless providers hang. */
const MAX_CONCURRENT_STARTS = 16;

/** Time after which an app that waits for a provider no longer delays the next one. */
const PATIENCE_MS = 500;

/** Starts apps, a few at a time; resolves after the first attempt of each to discover its providers. */
export async function startApps(apps: readonly AppRuntime[]): Promise<void> {
  const waiting = apps.values();
  const started: Promise<void>[] = [];
  const startNext = async () => {
    for (const app of waiting) {
      const start = app.start();
      started.push(start);
      await settledWithin(start, PATIENCE_MS);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_STARTS }, startNext));
  await Promise.all(started);
}

/** Waits for the promise, but not for longer than this. */
async function settledWithin(promise: Promise<void>, ms: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, over]).finally(() => clearTimeout(timer));
}

/** Why an app cannot serve its users: it finds none of its providers, or not its index page; undefined if it can. */
function unusable({ providers, page }: AppRuntime): string | undefined {
  const states = providers.all.map(({ provider }) => provider.state());
  if (!states.some(({ ready }) => ready)) {
    const reasons = states.flatMap((state) => (state.ready ? [] : [state.reason]));
    return `the provider of this configuration is unavailable: ${reasons.join('; ')}`;
  }
  const loaded = page?.state();
  return loaded === undefined || loaded.ready ? undefined : loaded.reason;
}

type Outcome = BuiltApp | RefusedApp;

/** Whether the upstreams of a running app would get the session cookie of another one: it knows those that it was built with. */
function wouldPassOnCookie(running: Config, other: Config): boolean {
  const hosts = cookieHostsOf(running);
  const shareHost = [...cookieHostsOf(other)].some((host) => hosts.has(host));
  return shareHost && running.app.siblingCookies?.includes(sessionCookieName(other)) !== true;
}

/** The outcomes, in which an app waits for a refused one on its host that does not know its cookie. */
function withoutUnknownCookies(
  outcomes: readonly Outcome[],
  runningAt: (index: number) => Config | undefined,
): readonly Outcome[] {
  const continuing = outcomes.flatMap((outcome, index) => ('app' in outcome ? [] : (runningAt(index) ?? [])));
  const next = outcomes.map((outcome): Outcome => {
    if (!('app' in outcome)) return outcome;
    const { config } = outcome.app;
    const other = continuing.find((running) => wouldPassOnCookie(running, config));
    if (other === undefined) return outcome;
    const reason = `the upstreams of the app ${other.app.id}, on the same host, would get its session cookie until that app is reloaded`;
    return { id: config.app.id, reason };
  });
  // An app that has to wait may itself be one that others wait for.
  return next.every((outcome, index) => outcome === outcomes[index]) ? next : withoutUnknownCookies(next, runningAt);
}

/** Creates the first generation, without a request to any provider. Throws if an app cannot be created. */
export function createGeneration(config: Config, shared: SharedParts): Generation {
  const clients = createSharedClients();
  const create = (app: Config): BuiltApp => ({ app: createAppRuntime(app, shared, clients), files: readAppFiles(app) });
  const [first, ...further] = appsOf(config);
  const built = [create(first), ...further.map(create)] as const;
  const apps = [built[0].app, ...built.slice(1).map(({ app }) => app)] as const;
  return { config, shared, apps, refused: [], created: apps, built };
}

/** Builds the generation of a configuration. Rejects, and leaves nothing behind, if none of what changed can be used. */
export async function buildGeneration(wanted: Config, parts: GenerationParts): Promise<Generation> {
  const { running, createShared, mustDiscover } = parts;
  const configs = appsOf(wanted);
  const known = new Map(running?.built.map((entry) => [addressOf(entry.app.config), entry]));
  // One app alone is always built again: its lines in the log and the audit log name no app, those of several do.
  const hasSeveral = configs.length > 1 && known.size > 1;
  const kept = hasSeveral ? configs.map((config) => unchanged(known.get(addressOf(config)), config)) : [];
  // An app and what it shares with others come from one generation: the arrivals of its requests, for one.
  const shared = running && kept.some((entry) => entry) ? running.shared : createShared(wanted);
  const clients = createSharedClients();
  const outcomes = configs.map((config, index): Outcome => kept[index] ?? build(config, shared, clients));
  const created = outcomes.flatMap((outcome, index) => ('app' in outcome && !kept[index] ? [outcome] : []));
  await startApps(created.map(({ app }) => app));

  const runningAt = (index: number) => known.get(addressOf(configs[index] ?? wanted));
  const usable = outcomes.map((outcome): Outcome => {
    if (!mustDiscover || !('app' in outcome) || !created.includes(outcome)) return outcome;
    const reason = unusable(outcome.app);
    return reason === undefined ? outcome : { id: outcome.app.config.app.id, reason };
  });
  const settled = withoutUnknownCookies(usable, (index) => runningAt(index)?.app.config);
  const accepted = created.filter((entry) => settled.includes(entry));
  await Promise.all(created.filter((entry) => !accepted.includes(entry)).map(({ app }) => app.close()));
  const refused = settled.flatMap((outcome) => ('app' in outcome ? [] : [outcome]));
  // A refused app continues unchanged; a new one is left out.
  const built = settled.flatMap((outcome, index) => ('app' in outcome ? [outcome] : (runningAt(index) ?? [])));
  const [first, ...further] = built.map(({ app }) => app);
  if (!first || (refused.length > 0 && accepted.length === 0)) throw new Error(refusalText(refused, configs.length));
  const apps = [first, ...further] as const;
  const isRefused = (app: AppRuntime) => !settled.some((outcome) => 'app' in outcome && outcome.app === app);
  // Of the options that all apps share, the configuration has the wanted values: processes that are built from it serve these.
  const configOf = (app: AppRuntime) => (isRefused(app) ? asRunning(app.config, wanted) : app.config);
  const config = configOfApps([configOf(first), ...further.map(configOf)]);
  return { config, shared, apps, refused, created: accepted.map(({ app }) => app), built };
}

/** The app that is built, if neither its configuration nor one of its files has changed. */
function unchanged(entry: BuiltApp | undefined, config: Config): BuiltApp | undefined {
  if (!entry || !isDeepStrictEqual(entry.app.config, config)) return undefined;
  return isDeepStrictEqual(entry.files, readAppFiles(config)) ? entry : undefined;
}

function build(config: Config, shared: SharedParts, clients: SharedClients): Outcome {
  try {
    return { app: createAppRuntime(config, shared, clients), files: readAppFiles(config) };
  } catch (error) {
    return { id: config.app.id, reason: messageOf(error) };
  }
}

const refusalText = (refused: readonly RefusedApp[], apps: number) =>
  refused.map(({ id, reason }) => (apps === 1 ? reason : `app ${id}: ${reason}`)).join('\n');
