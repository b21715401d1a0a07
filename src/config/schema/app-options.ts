/** Options of `apps` and `appsFrom`: what an app may set, what it inherits from the top of the file, and their JSON Schema. */
import { z } from 'zod';

/** Options that the process has once. A path of two names is an option inside a group whose other options an app may set. */
export const SHARED_OPTIONS = [
  'listen',
  'workers',
  'admin',
  'trustedProxies',
  'clientCertificateHeader',
  'secrets',
  'session.store',
  'session.cacheSize',
  'forwardAuth',
  'limits',
  'log',
  'tracing',
  'reload',
  'audit',
  'plugins',
  'hooks',
  'upstreamClient',
  'tuning',
  'development',
] as const;

/** Options that belong to one app only: no app has them from the top of the file. */
export const NOT_INHERITED = ['publicUrl', 'allowedHosts', 'origins', 'frontend', 'routes'] as const;

/** Options of the file that no app has. */
export const FILE_OPTIONS = ['apps', 'appsFrom'] as const;

const ID = 'expected 1 to 32 lower-case letters, digits and hyphens';
const PATH = 'expected a path such as /admin, without trailing slash';

/** Options that only an entry of `apps` has. */
export const appEntry = z.looseObject({
  id: z
    .string({ error: ID })
    .regex(/^[a-z0-9-]{1,32}$/, ID)
    .describe(
      'Names the app in logs, metrics and commands. main is the app at the top of the file. In a file of appsFrom, the name of the file is the id.',
    ),
  path: z
    .string({ error: PATH })
    .regex(/^(\/\.?[A-Za-z0-9_-]+)+$/, PATH)
    .optional()
    .describe(
      'For an app that shares its origin with others: only requests below this path belong to it. Its endpoints lie below it, and its routes must begin with it. Apps of one origin are not isolated from each other.',
    ),
});

/** Options of the file that add apps. */
export const appLists = z.object({
  apps: z
    .array(appEntry, { error: 'expected a list of apps' })
    .max(10_000)
    .optional()
    .describe(
      'Further apps, each with a publicUrl of its own. What stands at the top of the file is the default of all: objects are merged, lists replaced.',
    ),
  appsFrom: z
    .string({ error: 'expected the path of a folder' })
    .min(1)
    .optional()
    .describe(
      'Folder of further apps: each .yaml or .yml file holds the options of one, and its name without the extension is the id. Relative to the folder of this file.',
    ),
});
