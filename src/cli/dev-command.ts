/** The row of `bff-gateway dev`: its options, and how they become what the command needs. */
import { messageOf } from '../base/errors.ts';
import { type CliDeps, type Command, type Invocation, textOf, textsOf, UsageError } from './command.ts';
import type { DevOptions } from './dev/options.ts';

async function run({ out }: CliDeps, invocation: Invocation): Promise<void> {
  // On demand: only this command needs the provider.
  const { DEFAULT_PORT, parseApi, parseFrontend, parsePort, parsePrefix } = await import('./dev/options.ts');
  const { BUILT_IN_USERS, readUsers } = await import('./dev/users.ts');
  const { runDev } = await import('./dev/dev.ts');
  const one = <T>(option: string, name: string, parse: (text: string) => T) => {
    const text = textOf(invocation, name);
    return text === undefined ? undefined : parsed(option, text, parse);
  };
  const port = one('--port', 'port', parsePort);
  const options: DevOptions = {
    port: port ?? DEFAULT_PORT,
    isChosen: port !== undefined,
    providerPort: one('--provider-port', 'providerPort', parsePort),
    frontend: one('--frontend', 'frontend', parseFrontend),
    apis: textsOf(invocation, 'api').map((text) => parsed('--api', text, parseApi)),
    prefix: one('--prefix', 'prefix', parsePrefix) ?? 'keep',
    audience: textOf(invocation, 'audience'),
  };
  await runDev(options, { out, users: one('--users', 'users', readUsers) ?? BUILT_IN_USERS });
}

/** The value of an option. Throws `UsageError`, which names the option and its text. */
function parsed<T>(option: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`error: ${option} ${text}: ${messageOf(error)}`);
  }
}

export const DEV: Command = {
  name: 'dev',
  summary: 'put an app on this machine behind a sign-in, with an OpenID provider of its own and without a file',
  details: [
    'For development: plain HTTP on this machine only, no passwords, sessions in memory. With --users, a YAML or JSON file lists the users:',
    '[{ sub: ada, name: Ada, email: ada@example.com, roles: [admin] }]; claims: { ... } adds further claims.',
  ].join('\n'),
  options: [
    { name: '--port <PORT>', summary: 'port of the app; default: 3000, or the next free one' },
    {
      name: '--frontend <URL|FOLDER>',
      summary:
        'development server of the front end (with its WebSocket), such as http://localhost:5173, or a built one',
    },
    {
      name: '--api <PATH=URL>',
      summary: 'API below a path, such as /api=http://localhost:8080; it gets the access token',
      repeatable: true,
    },
    { name: '--prefix <keep|strip>', summary: 'whether APIs get paths with the path of --api in front; default: keep' },
    { name: '--users <FILE>', summary: 'users to choose, in place of the three built-in ones' },
    { name: '--audience <AUDIENCE>', summary: 'audience of the access tokens; default: bff-gateway-dev' },
    {
      name: '--provider-port <PORT>',
      summary: 'port of the provider; default: that of the app + 100, or the next free one',
    },
  ],
  run,
};
