/** `bff-gateway init`: asks for what a configuration needs, and writes it with a key, a compose file and lines of .gitignore. */
import { readFileSync } from 'node:fs';
import { loadConfig } from '../../config/load/load.ts';
import { newKey } from '../../crypto/new-key.ts';
import { type Answers, collectAnswers, type InitOptions } from './answers.ts';
import { presetOf } from './providers.ts';
import { createQuestions } from './questions.ts';
import { openTerminal } from './terminal.ts';
import { composeText, configText, FILES, ignoreLines } from './texts.ts';
import { addIgnored, assertNew, type NewFile, writeFiles } from './write.ts';

export interface InitDeps {
  readonly options: InitOptions;
  /** Whether a person answers at the terminal. */
  readonly isInteractive: boolean;
  readonly isForced: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** How the person runs the command line, such as `npx bff-gateway`. */
  readonly command: string;
}

function filesOf(answers: Answers): NewFile[] {
  const { secret } = answers;
  return [
    { name: FILES.config, text: configText(answers) },
    { name: FILES.key, text: `${newKey()}\n`, isSecret: true },
    ...('text' in secret ? [{ name: FILES.secret, text: `${secret.text}\n`, isSecret: true }] : []),
    { name: FILES.compose, text: composeText(answers) },
  ];
}

/** Throws `ConfigError` if the gateway would refuse the configuration, before anything is written. */
function assertValid(files: readonly NewFile[], { secret }: Answers): void {
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  // The variable of the secret is set where the gateway starts.
  const env = 'env' in secret ? { [secret.env]: newKey() } : {};
  const readFile = (path: string) =>
    [...texts].find(([name]) => path === name || path.replaceAll('\\', '/').endsWith(`/${name}`))?.[1] ??
    readFileSync(path, 'utf8');
  loadConfig({ file: FILES.config, text: texts.get(FILES.config) ?? '', env, readFile });
}

function nextSteps({ provider, publicUrl, secret }: Answers, command: string): string {
  const { title, registerAt } = presetOf(provider);
  return [
    `Register the client at ${title} (${registerAt}):`,
    `  redirect URI              ${publicUrl}/callback`,
    `  post-logout redirect URI  ${publicUrl}/signed-out`,
    '',
    ...('env' in secret ? [`Set the variable ${secret.env} to the client secret.`, ''] : []),
    'Next:',
    `  ${command} check`,
    `  ${command} doctor`,
    `  ${command} start`,
    '',
  ].join('\n');
}

/** Runs the command. Throws `WrongAnswer` for options that are missing or not valid. */
export async function runInit({ options, isInteractive, isForced, out, err, command }: InitDeps): Promise<void> {
  // Before the questions, so that they are not answered in vain.
  if (!isForced) assertNew([FILES.config, FILES.key, FILES.compose]);
  const terminal = isInteractive ? openTerminal() : undefined;
  let answers: Answers;
  try {
    answers = await collectAnswers(createQuestions(terminal), options, terminal?.say ?? err);
  } finally {
    terminal?.close();
  }
  const files = filesOf(answers);
  assertValid(files, answers);
  writeFiles(files, isForced);
  const isIgnored = addIgnored(ignoreLines(answers));
  const names = files.map(({ name, isSecret }) => (isSecret ? `${name} (only you can read it)` : name));
  out(`Wrote ${[...names, ...(isIgnored ? [FILES.ignore] : [])].join(', ')}.\n\n${nextSteps(answers, command)}`);
}
