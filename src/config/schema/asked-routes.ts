/** Routes that only forward authentication asks about: the front proxy has their upstream. */
import type { Config, RouteConfig } from './schema.ts';

/** The public origins of an app: the one that serves its endpoints first. */
export const originsOf = ({ publicUrl, origins }: Pick<Config, 'publicUrl' | 'origins'>): string[] => [
  publicUrl,
  ...origins,
];

/** Whether a route is at `publicUrl`, where the gateway itself is. */
export const isAtPublicUrl = ({ origin }: Pick<RouteConfig, 'origin'>, { publicUrl }: Pick<Config, 'publicUrl'>) =>
  origin === undefined || origin === publicUrl;

/** Whether the gateway itself forwards requests of the route. */
export const hasUpstream = ({ upstream }: Pick<RouteConfig, 'upstream'>): boolean => upstream !== 'none';

/** The routes whose requests the gateway forwards. */
export const forwardedRoutes = ({ routes }: Pick<Config, 'routes'>): RouteConfig[] => routes.filter(hasUpstream);
