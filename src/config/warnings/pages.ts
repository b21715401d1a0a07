/** Warnings about pages: their scripts run as the application, with everything that its origin serves. */
import { hasUpstream } from '../schema/asked-routes.ts';
import type { RouteConfig } from '../schema/schema.ts';
import { targetUrls } from '../traffic/upstream-targets.ts';
import { shareServer } from './addresses.ts';
import type { Combination } from './warning.ts';

/** Whether two routes have one upstream, as far as the gateway knows it. */
function isSameUpstream(first: RouteConfig, second: RouteConfig): boolean {
  if (!hasUpstream(first) || !hasUpstream(second)) return first.upstream === second.upstream;
  const serversOf = ({ upstream }: RouteConfig) => targetUrls(upstream).map((url) => new URL(url));
  return shareServer(serversOf(first), serversOf(second));
}

const isSameOrigin = (first: RouteConfig, second: RouteConfig, publicUrl: string) =>
  (first.origin ?? publicUrl) === (second.origin ?? publicUrl);

/** Whether the scripts of a page reach more than the server of the page: an API of the application, or pages of another server. */
const isReachedFrom = (page: RouteConfig, other: RouteConfig) => other.kind === 'api' || !isSameUpstream(page, other);

export const sharedOrigin: Combination = {
  id: 'pages-share-origin',
  when: 'a route of `kind: page` beside a route of an API, or beside pages of another upstream: they have one origin, so that a script in a page uses the others as its user',
  hint: 'serve sites that do not trust each other from origins of their own, and what users upload from yet another',
  find: ({ config: { routes, publicUrl } }) =>
    routes
      .filter(({ kind }) => kind === 'page')
      .flatMap((page) => {
        const reached = routes
          .filter((other) => other !== page && isSameOrigin(page, other, publicUrl) && isReachedFrom(page, other))
          .map(({ path }) => path);
        return reached.length === 0
          ? []
          : [`a script in the pages of route ${page.path} reaches ${reached.join(', ')} as its user`];
      }),
};
