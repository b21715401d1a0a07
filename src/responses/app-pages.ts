/** The pages of one app, as its configuration describes them. */
import type { Config } from '../config/schema/schema.ts';
import { describeError, type Logger } from '../observe/log.ts';
import { createPages, type Pages } from './pages.ts';

/** Creates the pages of an app; an own template that fails is logged. */
export function createAppPages({ app }: Config, log: Logger): Pages {
  return createPages({
    homeUrl: `${app.path}/`,
    onFailure: (template, error) =>
      log.error({ template, err: describeError(error) }, 'failed to render own template; serving the built-in page'),
  });
}
