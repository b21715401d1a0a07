/** Starts a real Caddy in front of an upstream, with forward authentication by the gateway. */
import { execFileSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrontProxy, startFrontProxy } from './front-proxy.ts';

/** The installed Caddy and the further versions that `.ci/prepare.sh` installs. */
export const CADDIES: readonly string[] = [
  'caddy',
  ...globSync('.cache/caddy-*/caddy', { cwd: join(import.meta.dirname, '../..') }).map((path) =>
    join(import.meta.dirname, '../..', path),
  ),
];

/** For the system's Caddy the version that it reports; for a built one the name of its folder. */
export const versionOf = (command: string) =>
  /caddy-v([^/]+)/.exec(command)?.[1] ?? execFileSync(command, ['version'], { encoding: 'utf8' }).trim();

/** Starts Caddy on a loopback port with one site and its directives, or with one for each host. */
export function startCaddy(
  command: string,
  port: number,
  directives: string | Readonly<Record<string, string>>,
): Promise<FrontProxy> {
  const sites = typeof directives === 'string' ? { '': directives } : directives;
  const siteOf = ([host, text]: [string, string]) => `http://${host}:${port} {\nbind 127.0.0.1\n${text}\n}\n`;
  function prepare(folder: string): string[] {
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, `{\nadmin off\nauto_https off\n}\n${Object.entries(sites).map(siteOf).join('')}`);
    return ['run', '--config', file, '--adapter', 'caddyfile'];
  }
  return startFrontProxy({ command, prepare, port, signal: 'SIGTERM' });
}
