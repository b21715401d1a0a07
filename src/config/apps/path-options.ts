/** Checks the options of an app with a path: it owns nothing of its origin but what lies below. */
import type { Config } from '../schema/schema.ts';
import type { Finding } from '../validate/faults.ts';

const isBelow = (path: string, base: string) => path === base || path.startsWith(`${base}/`);

/** Findings about an app with a path; none for another one. */
export function pathFindings({ app: { path }, routes }: Config): Finding[] {
  if (path === '') return [];
  return routes.flatMap((route, index) =>
    isBelow(route.path, path)
      ? []
      : [
          {
            path: ['routes', index, 'path'],
            message: `is never reached: requests of this app begin with ${path}/`,
            hint: `expected a path such as ${path}/api/**`,
          },
        ],
  );
}
