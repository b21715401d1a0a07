/** Checks whether each part that an instance depends on is ready, with a reason that an operator can read. */
import { GatewayError } from '../base/errors.ts';
import type { Metrics, Part } from '../observe/metrics/metrics.ts';
import type { DiscoveryState } from '../oidc/provider/discovery-loop.ts';
import type { Store } from '../store/port/store.ts';

/** Whether users of an app can sign in, and the state of each of its providers. */
export interface AppHealth {
  ready: boolean;
  providers: Record<string, DiscoveryState>;
}

/** `apps`: the state of the part for each app, by id, if it differs between apps. */
export type PartHealth = { part: Part; apps?: Record<string, AppHealth> } & (
  | { ready: true }
  | { ready: false; reason: string }
);

/** The providers of an app, and its index page if that is published elsewhere; their last known state is read. */
export interface ObservedApp {
  readonly id: string;
  readonly page?: { readonly state: () => DiscoveryState } | undefined;
  readonly providers: readonly { readonly id: string; readonly state: () => DiscoveryState }[];
}

export interface HealthSources {
  apps: readonly ObservedApp[];
  store: Pick<Store, 'ping' | 'checkWritable'>;
  metrics: Pick<Metrics, 'setReadiness'>;
}

const STORE_UNAVAILABLE = 'the session store does not respond';
const STORE_READ_ONLY = 'the session store refuses writes';

/** Whether the store can be used for reads and writes; the reason names the error of a refused write. */
async function checkStore(store: HealthSources['store']): Promise<PartHealth> {
  const part = 'store';
  try {
    await store.ping();
  } catch {
    return { part, ready: false, reason: STORE_UNAVAILABLE };
  }
  try {
    await store.checkWritable();
    return { part, ready: true };
  } catch (error) {
    const detail = error instanceof GatewayError ? error.detail : undefined;
    return { part, ready: false, reason: detail === undefined ? STORE_READ_ONLY : `${STORE_READ_ONLY} (${detail})` };
  }
}

function checkApp({ providers }: ObservedApp): AppHealth {
  const states = Object.fromEntries(providers.map(({ id, state }) => [id, state()]));
  return { ready: Object.values(states).some(({ ready }) => ready), providers: states };
}

/** Why no provider is ready; each reason names its app and its provider where there are several. */
function reasonsOf(apps: readonly (readonly [id: string, health: AppHealth])[]): string {
  return apps
    .flatMap(([app, { providers }]) =>
      Object.entries(providers).flatMap(([id, state]) => {
        if (state.ready) return [];
        const ofApp = Object.keys(providers).length === 1 ? '' : id;
        const name = apps.length === 1 ? ofApp : `${app}/${id}`;
        return [name === '' ? state.reason : `${name}: ${state.reason}`];
      }),
    )
    .join('; ');
}

/**
 * Ready if one provider of one app is: the outage of one of several must not take the instance out of service for the users of
 * the others.
 */
function checkProviders(observed: readonly ObservedApp[]): PartHealth & { apps: Record<string, AppHealth> } {
  const checked = observed.map((app) => [app.id, checkApp(app)] as const);
  const common = { part: 'provider', apps: Object.fromEntries(checked) } as const;
  if (checked.some(([, { ready }]) => ready)) return { ...common, ready: true };
  return { ...common, ready: false, reason: reasonsOf(checked) };
}

/** Ready if one index page was loaded, for the same reason. A copy counts, however old: other replicas have no newer one. */
function checkPages(observed: readonly ObservedApp[]): PartHealth[] {
  const part = 'frontend';
  const states = observed.flatMap(({ id, page }) => (page ? [{ id, ...page.state() }] : []));
  if (states.length === 0) return [];
  if (states.some(({ ready }) => ready)) return [{ part, ready: true }];
  const reasons = states.flatMap((state) =>
    state.ready ? [] : [observed.length === 1 ? state.reason : `${state.id}: ${state.reason}`],
  );
  return [{ part, ready: false, reason: reasons.join('; ') }];
}

/** Creates the check of all parts. It sends requests to the store each time, and none to a provider. */
export function createHealth({ apps, store, metrics }: HealthSources): () => Promise<PartHealth[]> {
  return async function health() {
    const provider = checkProviders(apps);
    const ready = Object.entries(provider.apps).map(([id, app]) => [id, app.ready] as const);
    metrics.setReadiness('provider', provider.ready, new Map(ready));
    const stored = await checkStore(store);
    metrics.setReadiness('store', stored.ready);
    const pages = checkPages(apps);
    for (const page of pages) metrics.setReadiness('frontend', page.ready);
    return [provider, stored, ...pages];
  };
}
