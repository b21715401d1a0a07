/** Routes that only forward authentication asks about: the front proxy has their upstream. */
import type { Config, RouteConfig } from './schema.ts';

/** Whether the gateway itself forwards requests of the route. */
export const hasUpstream = ({ upstream }: Pick<RouteConfig, 'upstream'>): boolean => upstream !== 'none';

/** The routes whose requests the gateway forwards. */
export const forwardedRoutes = ({ routes }: Pick<Config, 'routes'>): RouteConfig[] => routes.filter(hasUpstream);
