/** `bff-gateway check`: prints the configuration with its defaults, then warnings and one line with the verdict. */
import { formatWarning } from '../config/warnings/warnings.ts';
import { appSummary } from './app-summary.ts';
import type { CliDeps, Invocation } from './command.ts';
import { load } from './config-source.ts';
import { describeConfig } from './describe.ts';

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Runs the command. An invalid configuration is an error, whose last line is the number of faults. */
export function check(deps: CliDeps, invocation: Invocation): void {
  const { config, warnings } = load(deps, invocation);
  const { summary, warning } = appSummary(config);
  deps.out(summary + describeConfig(config));
  const all = [...warnings, ...warning];
  for (const found of all) deps.err(formatWarning(found));
  deps.err(`configuration is valid${all.length === 0 ? '' : `, ${counted(all.length, 'warning')}`}\n`);
}
