/** Gauges of the servers of upstreams with several targets, read when the metrics are. */
import { TARGET_STATES } from '../../upstream/health/health-settings.ts';
import type { MetricFamilies } from './families.ts';

/** The servers of one upstream. */
export interface TargetsReading {
  /** Path pattern of the first route that uses it. */
  readonly route: string;
  readonly servers: readonly { readonly target: string; readonly state: string; readonly inFlight: number }[];
}

type Read = () => readonly TargetsReading[];

interface Source {
  readonly app: string;
  routeLabel(route: string): string;
  readonly read: Read;
}

/** Adds a source of readings of an app; the returned function removes it. */
export type WatchTargets = (app: string, routeLabel: (route: string) => string, read: Read) => () => void;

/** Sums the values of equal labels: several addresses of a target, or routes whose label is left out. */
function summed(series: readonly (readonly [labels: string[], value: number])[]): [string[], number][] {
  const sums = new Map<string, [string[], number]>();
  for (const [labels, value] of series) {
    const key = JSON.stringify(labels);
    sums.set(key, [labels, (sums.get(key)?.[1] ?? 0) + value]);
  }
  return [...sums.values()];
}

/** Registers the gauges. */
export function createTargetGauges({ gauge }: Pick<MetricFamilies, 'gauge'>): WatchTargets {
  const sources = new Set<Source>();
  /** While a reload replaces an app, the upstreams of both are those of the newer one. */
  const readings = () => {
    const newest = new Map<string, TargetsReading & { app: string }>();
    for (const { app, routeLabel, read } of sources)
      for (const reading of read())
        newest.set(`${app} ${reading.route}`, { ...reading, app, route: routeLabel(reading.route) });
    return [...newest.values()];
  };
  gauge('bff_upstream_targets', () =>
    summed(
      readings().flatMap(({ app, route, servers }) =>
        TARGET_STATES.map((state): [string[], number] => [
          [app, route, state],
          servers.filter((server) => server.state === state).length,
        ]),
      ),
    ),
  );
  gauge('bff_upstream_target_requests', () =>
    summed(
      readings().flatMap(({ app, route, servers }) =>
        servers.map(({ target, inFlight }): [string[], number] => [[app, route, target], inFlight]),
      ),
    ),
  );
  return (app, routeLabel, read) => {
    const source = { app, routeLabel, read };
    sources.add(source);
    return () => void sources.delete(source);
  };
}
