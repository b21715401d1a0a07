/** Validates the complete options of one app: by the schema, then by the checks that span several options. */

import { withPath } from '../apps/identity.ts';
import type { Options } from '../apps/merge.ts';
import { pathFindings } from '../apps/path-options.ts';
import { PARSING } from '../messages/issue-text.ts';
import type { AppIdentity } from '../schema/app-identity.ts';
import { pagesWith, withPageDefaults } from '../schema/page-routes.ts';
import { hasBothForms, withFirstProvider } from '../schema/providers.ts';
import { type Config, configSchema, type SecretResolver } from '../schema/schema.ts';
import { askedRouteFindings } from '../validate/asked-routes.ts';
import type { Finding } from '../validate/faults.ts';
import { lostNames } from '../validate/lost-names.ts';
import { validateConfig } from '../validate/validate.ts';
import { findingsOf } from './findings.ts';

/** The configuration of an app, if its options fit the schema, and what is wrong with them. */
export interface Validated {
  config?: Config;
  findings: Finding[];
}

const BOTH_FORMS: Finding = {
  path: ['providers'],
  message: 'provider is set as well, in the file or by a variable',
  hint: 'move it to the list as its first entry, with id: default to keep its redirect URI and its sessions',
};

const CSRF_OF_PAGES = {
  message: 'has no effect with kind: page',
  hint: 'remove it: where a request comes from decides on pages',
};

/** Creates the function that validates options; the schema is built once for all apps. `own`: what the app sets itself. */
export function createAppValidator(
  resolve: SecretResolver,
): (input: unknown, app: AppIdentity, own?: Options) => Validated {
  const schema = configSchema(resolve);
  return function validateApp(input, app, own) {
    const withProvider = withFirstProvider(input);
    const normalized = withPageDefaults(withProvider);
    const parsed = schema.safeParse(withPath(normalized, app), PARSING);
    if (!parsed.success) {
      const found = parsed.error.issues.flatMap((issue) => findingsOf(issue));
      // A copied provider has its findings in the list.
      return { findings: withProvider === input ? found : found.filter(({ path }) => path[0] !== 'provider') };
    }
    const config: Config = { ...parsed.data, app };
    const findings = [
      ...(hasBothForms(input) ? [BOTH_FORMS] : []),
      ...pagesWith(input, 'csrf').map((route) => ({ path: ['routes', route, 'csrf'], ...CSRF_OF_PAGES })),
      ...askedRouteFindings(input, config),
      ...lostNames(input, config),
      ...(own === undefined ? [] : lostNames(own, config)),
      ...validateConfig(config),
      ...pathFindings(config),
    ];
    return { config, findings };
  };
}
