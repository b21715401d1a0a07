/** The upstreams on the private listener: all of them for an administrator, and for probes how many servers of each are available. */
import type { UpstreamState } from '../upstream/upstreams.ts';

/** What one process knows of an upstream of an app. */
export interface AppUpstream extends UpstreamState {
  readonly app: string;
  /** Id of the process. */
  readonly process: number;
}

const isAvailable = ({ state }: { state: string }) => state === 'healthy' || state === 'slow-start';

/** The upstreams with several targets: how many of their servers take requests as usual. They do not decide about readiness. */
export function availabilityOf(upstreams: readonly AppUpstream[]) {
  return upstreams.flatMap(({ app, paths, targets }) =>
    targets ? [{ app, paths, servers: targets.length, available: targets.filter(isAvailable).length }] : [],
  );
}
