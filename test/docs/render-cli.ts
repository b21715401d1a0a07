/** Generator of docs/command-line.md from the rows of the commands. */
import type { Command, Parameter } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { CONFIG_OPTION } from '../../src/cli/config-source.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');

const rowsOf = (parameters: readonly Parameter[]) =>
  parameters.map(
    ({ name, summary, repeatable = false }) =>
      `| \`${cell(name)}\` | ${cell(summary)}${repeatable ? '; can be given several times' : ''} |`,
  );

function section({ name, summary, details, args = [], options = [], needsConfig = false }: Command): string {
  const usage = ['bff-gateway', name, ...args.map((argument) => argument.name), '[options]'].join(' ');
  const parameters = rowsOf([...args, ...(needsConfig ? [CONFIG_OPTION] : []), ...options]);
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return [
    `## \`${name}\`\n\n\`\`\`\n${parameters.length === 0 ? `bff-gateway ${name}` : usage}\n\`\`\`\n`,
    [sentence, details].filter((part) => part !== undefined).join(' '),
    ...(parameters.length === 0 ? [] : [`\n| argument or option | meaning |\n| --- | --- |\n${parameters.join('\n')}`]),
  ].join('\n');
}

/** The page about the command line. */
export function commandLinePage(): string {
  return `# Command line

\`bff-gateway --help\` lists the commands, \`bff-gateway help COMMAND\` prints the arguments and options of one, and \`--version\` prints the version. In a
checkout, run \`npm run build\` once, then write \`node dist/main.js\` instead of \`bff-gateway\`.

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | failure: a fault in the configuration, a check that failed, a Node that is too old |
| 2 | wrong usage: an unknown command or option, a missing argument, no configuration |

Options follow the name of the command. A command that reads the configuration takes it from the first of these that exists:

1. the file that \`--config\` names,
2. the file that the variable \`BFF_CONFIG\` names,
3. \`gateway.yaml\` in the current folder,
4. \`BFF_\` variables alone; see [configuration](configuration.md).

${COMMANDS.map(section).join('\n\n')}
`;
}
