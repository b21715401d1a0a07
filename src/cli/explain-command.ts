/** The command `explain`: reads what its options name, and prints which rule decides. */
import { messageOf } from '../base/errors.ts';
import { type CliDeps, type Command, type Invocation, textOf } from './command.ts';
import { load } from './config-source.ts';

/** The text of the file that an option names. */
function fileText({ readFile }: CliDeps, option: string, file: string, hint: string): string {
  try {
    return readFile(file);
  } catch (error) {
    throw new Error(`--${option}: cannot read the file ${file} (${messageOf(error)}); ${hint}`);
  }
}

/** The text of `--claims`: JSON, or a file that holds it. */
function claimsText(deps: CliDeps, claims: string): string {
  if (/^\s*[{["]/.test(claims)) return claims;
  return fileText(deps, 'claims', claims, `give JSON such as '{"sub":"u1"}', or a file that holds it`);
}

async function explain(deps: CliDeps, invocation: Invocation): Promise<void> {
  const { explainRequest } = await import('../explain/explain.ts');
  const { chooseApp } = await import('../explain/choose-app.ts');
  const { config } = load(deps, invocation);
  const given = textOf(invocation, 'claims');
  const claims = given === undefined ? undefined : claimsText(deps, given);
  const [method = '', url = ''] = invocation.args;
  const { app, path, origin } = chooseApp(config, url);
  const address = textOf(invocation, 'address');
  const file = textOf(invocation, 'certificate');
  const certificate = file === undefined ? undefined : fileText(deps, 'certificate', file, 'give a PEM file');
  const request = { method: method.toUpperCase(), path, origin, claims, address, certificate, now: Date.now() };
  const explained = explainRequest(app, request);
  deps.out(config.apps ? `app     ${app.app.id}\n${explained}` : explained);
}

export const EXPLAIN: Command = {
  name: 'explain',
  summary: 'print which rule decides on a request',
  needsConfig: true,
  args: [
    { name: '<METHOD>', summary: 'method of the request, such as GET' },
    { name: '<PATH|URL>', summary: 'path of the request, or with several apps its whole URL' },
  ],
  options: [
    { name: '--claims <JSON|FILE>', summary: 'claims of the access token, as JSON or a file that holds it' },
    { name: '--address <ADDRESS>', summary: 'IP address of the client' },
    { name: '--certificate <FILE>', summary: 'verified certificate of the client, as PEM' },
  ],
  run: explain,
};
