/** The row of `bff-gateway init`: its options, and how they become what the command needs. */
import { basename, relative } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { type CliDeps, type Command, type Invocation, textOf, textsOf, UsageError } from './command.ts';

/** How the person has run this process: with npx, from a checkout, or installed. */
function commandOf(env: CliDeps['env']): string {
  const script = process.argv[1] ?? '';
  if (env.npm_command === 'exec') return 'npx bff-gateway';
  return /^main\.[jt]s$/.test(basename(script)) ? `node ${relative('', script)}` : 'bff-gateway';
}

async function run({ env, out, err }: CliDeps, invocation: Invocation): Promise<void> {
  const { runInit } = await import('./init/init.ts');
  const { WrongAnswer } = await import('./init/questions.ts');
  const text = (name: string) => textOf(invocation, name);
  const isInteractive =
    process.stdin.isTTY === true && process.stdout.isTTY === true && invocation.options.yes !== true;
  const options = {
    provider: text('provider'),
    issuer: text('issuer'),
    clientId: text('clientId'),
    clientSecretFile: text('clientSecretFile'),
    clientSecretEnv: text('clientSecretEnv'),
    publicUrl: text('publicUrl'),
    frontend: text('frontend'),
    apis: textsOf(invocation, 'api'),
    store: text('store'),
    audience: text('audience'),
  };
  const isForced = invocation.options.force === true;
  try {
    await runInit({ options, isInteractive, isForced, out, err, command: commandOf(env) });
  } catch (error) {
    throw error instanceof WrongAnswer ? new UsageError(messageOf(error)) : error;
  }
}

export const INIT: Command = {
  name: 'init',
  summary: 'write a configuration for your provider, front end and APIs into this folder',
  details: [
    'It asks for what the options leave open, tries the discovery of the provider, and writes gateway.yaml, a key, docker-compose.yml and lines of',
    '.gitignore. Without a terminal or with --yes it asks nothing, and names the options that are missing.',
  ].join('\n'),
  options: [
    { name: '--provider <NAME>', summary: 'keycloak, auth0, entra, okta or other' },
    { name: '--issuer <URL>', summary: 'issuer of the provider' },
    { name: '--client-id <ID>', summary: 'ID of the client that is registered there' },
    { name: '--client-secret-file <FILE>', summary: 'file that holds the client secret' },
    { name: '--client-secret-env <NAME>', summary: 'variable that holds the client secret' },
    { name: '--public-url <URL>', summary: 'address that users open; default: http://localhost:3000' },
    {
      name: '--frontend <URL|FOLDER>',
      summary: 'development server such as http://localhost:5173, URL of an index.html, folder, or none (default)',
    },
    { name: '--api <PATH=URL>', summary: 'API below a path, such as /api=http://localhost:8080', repeatable: true },
    { name: '--store <NAME>', summary: 'session store: sqlite (default) or redis' },
    { name: '--audience <AUDIENCE>', summary: 'audience that the sign-in requests, for Auth0' },
    { name: '--yes', summary: 'ask nothing, and take the defaults' },
    { name: '--force', summary: 'overwrite existing files' },
  ],
  run,
};
