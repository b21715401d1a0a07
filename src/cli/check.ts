/** `bff-gateway check`: prints the configuration with its defaults, then warnings and one line with the verdict. */
import { appsOf } from '../config/schema/apps.ts';
import { formatWarning } from '../config/warnings/warnings.ts';
import { checkAppPages } from '../responses/app-pages.ts';
import { appSummary } from './app-summary.ts';
import type { CliDeps, Invocation } from './command.ts';
import { load } from './config-source.ts';
import { describeConfig } from './describe.ts';

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Runs the command. An invalid configuration is an error, whose last line is the number of faults. */
export function check(deps: CliDeps, invocation: Invocation): void {
  const { config, warnings } = load(deps, invocation);
  for (const app of appsOf(config)) checkAppPages(app);
  const { summary, warning } = appSummary(config);
  deps.out(summary + describeConfig(config));
  const all = [...warnings, ...warning];
  for (const found of all) deps.err(formatWarning(found));
  deps.err(`configuration is valid${all.length === 0 ? '' : `, ${counted(all.length, 'warning')}`}\n`);
}
