/** The row of `bff-gateway dev`: its options, and how they become what the command needs. */
import { messageOf } from '../base/errors.ts';
import { type CliDeps, type Command, type Invocation, textOf, textsOf, UsageError } from './command.ts';
import type { DevOptions } from './dev/options.ts';

async function run({ out }: CliDeps, invocation: Invocation): Promise<void> {
  // On demand: only this command needs the provider.
  const { DEFAULT_PORT, parseApi, parseFrontend, parsePort } = await import('./dev/options.ts');
  const { BUILT_IN_USERS, readUsers } = await import('./dev/users.ts');
  const { runDev } = await import('./dev/dev.ts');
  const [port, providerPort, frontend, audience, users] = ['port', 'providerPort', 'frontend', 'audience', 'users'].map(
    (name) => textOf(invocation, name),
  );
  const prefix = textOf(invocation, 'prefix') ?? 'keep';
  if (prefix !== 'keep' && prefix !== 'strip')
    throw new UsageError(`error: --prefix ${prefix}: expected keep or strip`);
  const options = wrongUsage(
    (): DevOptions => ({
      port: port === undefined ? DEFAULT_PORT : parsePort('--port', port),
      isChosen: port !== undefined,
      providerPort: providerPort === undefined ? undefined : parsePort('--provider-port', providerPort),
      frontend: frontend === undefined ? undefined : parseFrontend(frontend),
      apis: textsOf(invocation, 'api').map(parseApi),
      prefix,
      audience,
    }),
  );
  await runDev(options, { out, users: users === undefined ? BUILT_IN_USERS : wrongUsage(() => readUsers(users)) });
}

/** The result of a parser, whose error is one of usage. */
function wrongUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(messageOf(error));
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
