/** Selects the fast test files: those that cannot start a server, process or browser, by what they import. */
import { globSync } from 'node:fs';
import { createGraph, type Import } from './imports.ts';

/** Modules of Node through which a program listens, connects or starts something. */
const OPENING = /^node:(net|tls|http|https|http2|dgram|child_process|cluster|worker_threads)$/;
/** Packages that do the same for a test. */
const PACKAGES = new Set(['ioredis', 'oidc-provider', 'playwright', 'undici', 'ws']);
/** Values of these modules that open nothing. */
const QUIET = new Set(
  ['BlockList', 'SocketAddress', 'isIP', 'isIPv4', 'isIPv6'].concat(
    ['IncomingMessage', 'ServerResponse', 'METHODS', 'STATUS_CODES', 'Socket', 'TLSSocket'],
    ['maxHeaderSize', 'validateHeaderName', 'validateHeaderValue'],
  ),
);

/** True for an import of test code through which it can open something. */
function opens({ from, names }: Import): boolean {
  return PACKAGES.has(from) || (OPENING.test(from) && names.some((name) => !QUIET.has(name)));
}

/**
 * True for an import of the product that makes it a server or the parent of processes. Its clients (of Redis, upstreams and
 * the provider) do not count: they connect only when a test gives them a server.
 */
function serves({ from, names }: Import): boolean {
  return (
    /^node:(child_process|cluster|worker_threads)$/.test(from) || (OPENING.test(from) && names.includes('createServer'))
  );
}

/** The test files below `root` that reach no module which opens something, sorted. */
export function fastFiles(root: string): string[] {
  const graph = createGraph(root);
  const isQuiet = (file: string) => !graph.importsOf(file).some(file.startsWith('src/') ? serves : opens);
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => [...graph.reachedFrom(file)].every(isQuiet))
    .sort();
}

/**
 * The files with those that can start processes first: as these take longest, the last of them are not still running alone
 * when all others have ended.
 */
export function processesFirst(root: string, files: readonly string[]): string[] {
  const graph = createGraph(root);
  const spawns = (file: string) =>
    !file.startsWith('src/') && graph.importsOf(file).some(({ from }) => from === 'node:child_process');
  const slow = new Set(files.filter((file) => [...graph.reachedFrom(file)].some(spawns)));
  return [...slow, ...files.filter((file) => !slow.has(file))];
}
