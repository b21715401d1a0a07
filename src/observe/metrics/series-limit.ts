/** The greatest number of metric series that a configuration can cause: the product of its routes and the values of their labels. */
import { DECISIONS, METHODS, STATUS_CLASSES } from './route-meters.ts';
import { METRICS } from './table.ts';

/** What a configuration has of each. */
export interface MeteredNames {
  readonly routes: number;
  /** Endpoints of the gateway, with the front end. */
  readonly endpoints: number;
}

/** Series of a histogram beside its buckets: the last bucket, the sum and the count. */
const BESIDE_BUCKETS = 3;
/** Reasons of CSRF refusals. */
const REFUSALS = 2;

const REQUESTS = METHODS.length * STATUS_CLASSES.length;
const UPSTREAM = STATUS_CLASSES.length * (METRICS.bff_upstream_response_seconds.buckets.length + BESIDE_BUCKETS);
/** Series of one route: requests, decisions, refusals, response times, and surplus bytes of its upstream. */
const PER_ROUTE = REQUESTS + (DECISIONS.size + 1) + REFUSALS + UPSTREAM + 1;

/** The series of routes and endpoints, once every one of them was used with every method and had every response. */
export const seriesLimit = (apps: readonly MeteredNames[]): number =>
  apps.reduce((sum, { routes, endpoints }) => sum + routes * PER_ROUTE + endpoints * REQUESTS, 0);
