/** The pages of one app, as its configuration describes them. */
import { messageOf } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { ConfigError } from '../config/validate/faults.ts';
import { describeError, type Logger } from '../observe/log.ts';
import { colorRules } from './colors.ts';
import { createPages, type Pages } from './pages.ts';

/** Creates the pages of an app. Throws `ConfigError` when an own template fails with sample data; one that fails later is logged. */
export function createAppPages({ app, endpoints, pages }: Config, log: Pick<Logger, 'error'>): Pages {
  const { logo, colors, errorUrl: _, ...options } = pages;
  try {
    return createPages({
      ...options,
      homeUrl: `${app.path}/`,
      logoUrl: logo === undefined ? undefined : endpointPaths(endpoints).pageLogo,
      colors: colorRules(colors),
      onFailure: (template, error) =>
        log.error({ template, err: describeError(error) }, 'failed to render own template; serving the built-in page'),
    });
  } catch (error) {
    if (pages.directory === undefined) throw error;
    throw new ConfigError([{ path: 'pages.directory', message: `${pages.directory}: ${messageOf(error)}` }]);
  }
}

/** Renders the own templates of an app with sample data. Throws `ConfigError` when one fails. */
export const checkAppPages = (config: Config): void => void createAppPages(config, { error: () => undefined });
