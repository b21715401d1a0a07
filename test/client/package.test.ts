/** `bff-gateway/client` as a front-end project installs it: types that need only a browser, and code that matches them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Packed, pack } from '../package/packed.ts';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
let packed: Packed;
before(async () => {
  packed = await pack();
});
after(() => packed?.remove());

const USE = `
import { type Client, createClient, type Session, type User } from 'bff-gateway/client';
const client: Client = createClient({ base: '/bff', onUnauthenticated: 'popup' });
createClient({ onUnauthenticated: async ({ loginUrl }) => client.login({ loginUrl, popup: true }) });
const user: User | undefined = await client.user();
const session: Session = await client.session();
const end: string | undefined = session.authenticated ? session.idleExpiresAt : undefined;
const response: Response = await client.fetch('/api/orders', { method: 'POST', body: new FormData(document.forms[0]) });
const off: () => void = client.on('expiring', ({ at, extendable }) => console.log(at.getTime(), extendable, user?.name, end, response.ok));
off();
`;
const MISUSE: Record<string, string> = {
  'an event that does not exist': "client.on('signed-out', () => {});",
  'an option value that does not exist': "createClient({ onUnauthenticated: 'redirect' });",
  'a claim used as text': 'const roles: string = user!.roles;',
};

/** The output of the compiler in the front-end project; empty when it compiles. */
function compile(project: string): string {
  try {
    execFileSync(process.execPath, [TSC, '-p', project], { cwd: project, encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('the package exports the client with types that need only a browser and reject wrong use', () => {
  const project = packed.app;
  const options = { target: 'es2022', module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, lib: ['es2022', 'dom'], types: [] }, include: ['use.ts'] }),
  );
  writeFileSync(join(project, 'use.ts'), USE);
  assert.equal(compile(project), '');
  for (const [what, line] of Object.entries(MISUSE)) {
    writeFileSync(join(project, 'use.ts'), `${USE}${line}\n`);
    assert.match(compile(project), /error TS/, what);
  }
  const script = "import('bff-gateway/client').then(({ createClient }) => process.stdout.write(typeof createClient))";
  assert.equal(execFileSync(process.execPath, ['-e', script], { cwd: project, encoding: 'utf8' }), 'function');
});
