/** What the operator page shows, as data of its template: nothing in it is a token, a cookie or a secret. */
import type { Config } from '../../config/schema/schema.ts';
import { describeConfig } from '../../explain/describe.ts';
import { createReferences } from '../../explain/references.ts';
import type { RecentEvent, RecentEvents } from '../../observe/recent-audit.ts';
import type { UpstreamState } from '../../upstream/upstreams.ts';
import type { ObservedGateway } from '../admin.ts';
import type { AdminSession } from '../app-sessions.ts';
import type { PartHealth } from '../health.ts';
import type { JobReport } from '../revocation-jobs.ts';
import type { AdminSessions } from '../sessions.ts';
import type { Explained } from './explained.ts';
import type { SignIn } from './sign-ins.ts';

/** What the page reads of the active gateway. */
export interface OperatedGateway extends Pick<ObservedGateway, 'health'> {
  readonly adminSessions: AdminSessions;
  readonly apps: readonly { readonly config: Config; upstreams(): UpstreamState[] }[];
}

/** What is the same for every view of the page. */
export interface ViewSources {
  readonly gateway: OperatedGateway;
  readonly recent: RecentEvents;
  /** Whether other processes serve the requests. */
  readonly hasWorkers: boolean;
}

/** A line of the part "health". */
interface HealthRow {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string | undefined;
}

/** Sessions of one user on the page; the command line lists more. */
const MAX_LISTED = 200;

const rowOf = (name: string, state: { ready: true } | { ready: false; reason: string }): HealthRow => ({
  name,
  ready: state.ready,
  reason: state.ready ? undefined : state.reason,
});

/** A line for each part, and under it one for each provider of each app. */
export function healthRows(parts: readonly PartHealth[], app: string | undefined): HealthRow[] {
  return parts.flatMap((part) => {
    const apps = Object.entries(part.apps ?? {}).filter(([id]) => app === undefined || id === app);
    const providers = apps.flatMap(([id, { providers }]) =>
      Object.entries(providers).map(([provider, state]) => rowOf(`${part.part} ${id}/${provider}`, state)),
    );
    return [rowOf(part.part, part), ...providers];
  });
}

const masked = createReferences({ env: {}, texts: new Map(), configFiles: [] });
/** Texts of configurations. That of a thousand routes takes half a second, in which this process serves no request. */
const maskedConfigs = new WeakMap<Config, string>();

/** The configuration of an app in YAML. Without the environment, every secret has the name of a variable in its place. */
function maskedConfig(config: Config): string {
  const text = maskedConfigs.get(config) ?? describeConfig(config, masked);
  maskedConfigs.set(config, text);
  return text;
}

/** The other fields of an event, as text. */
const detailsOf = ({ time: _time, event: _event, ...details }: RecentEvent) =>
  Object.entries(details).map(([name, value]) => ({ name, value }));

const isOfApp = (event: RecentEvent, app: string | undefined) =>
  app === undefined || event.app === undefined || event.app === app;

/** What the query of the page asks for, and what an action of it resulted in. */
export interface Asked {
  /** Id of the selected app; undefined means all. */
  readonly app: string | undefined;
  readonly user: string | undefined;
  /** The sessions of the user; undefined if the store does not respond. */
  readonly sessions: readonly AdminSession[] | undefined;
  readonly job: JobReport | undefined;
  readonly explained: Explained | undefined;
}

/** The data of the parts that need a sign-in. */
export function signedInView({ gateway, recent, hasWorkers }: ViewSources, asked: Asked, { formToken }: SignIn) {
  const { app, sessions = [] } = asked;
  const shown = gateway.apps.filter(({ config }) => app === undefined || config.app.id === app);
  const [first] = shown;
  return {
    ...asked,
    isStoreDown: asked.sessions === undefined,
    sessions: sessions.slice(0, MAX_LISTED),
    moreSessions: Math.max(0, sessions.length - MAX_LISTED),
    formToken,
    hasWorkers,
    apps: gateway.apps.map(({ config }) => config.app.id),
    upstreams: shown.flatMap(({ config, upstreams }) => upstreams().map((state) => ({ app: config.app.id, ...state }))),
    events: recent
      .list()
      .filter((event) => isOfApp(event, app))
      .map((event) => ({ time: event.time, name: event.event, details: detailsOf(event) })),
    configuredApp: first?.config.app.id,
    configuredOrigin: first?.config.publicUrl,
    configuration: first ? maskedConfig(first.config) : '',
  };
}
