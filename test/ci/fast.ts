/** Selects the fast test files: those that cannot start a server, process or browser, by what they import. */
import { globSync } from 'node:fs';
import { createImportGraph, type Import } from './imports.ts';

/** Node modules that can listen, connect, or start processes and threads. */
const OPENING = /^node:(net|tls|http|https|http2|dgram|child_process|cluster|worker_threads)$/;
/** Packages with which a test can do so. */
const PACKAGES = new Set(['ioredis', 'oidc-provider', 'playwright', 'selenium-webdriver', 'undici', 'ws']);
/** Values of these modules that open nothing. */
const QUIET = new Set(
  ['BlockList', 'SocketAddress', 'isIP', 'isIPv4', 'isIPv6'].concat(
    ['IncomingMessage', 'ServerResponse', 'METHODS', 'STATUS_CODES', 'Socket', 'TLSSocket'],
    ['maxHeaderSize', 'validateHeaderName', 'validateHeaderValue'],
  ),
);

/** Whether test code with this import can open a port, connection, process or browser. */
function canOpen({ specifier, names }: Import): boolean {
  return PACKAGES.has(specifier) || (OPENING.test(specifier) && names.some((name) => !QUIET.has(name)));
}

/**
 * Whether code of the product with this import can start a server or processes. Its clients of Redis, upstreams and the
 * provider do not count, because they connect only when a test starts a server for them.
 */
function canServe({ specifier, names }: Import): boolean {
  return (
    /^node:(child_process|cluster|worker_threads)$/.test(specifier) ||
    (OPENING.test(specifier) && names.includes('createServer'))
  );
}

/** The sorted test files below `root` that load no such module. */
export function fastFiles(root: string): string[] {
  const graph = createImportGraph(root);
  const isQuiet = (file: string) => !graph.importsOf(file).some(file.startsWith('src/') ? canServe : canOpen);
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => [...graph.reachedFrom(file)].every(isQuiet))
    .sort();
}

/**
 * Sorts files that can start processes first: they take longest, and would otherwise run alone at the end.
 */
export function processesFirst(root: string, files: readonly string[]): string[] {
  const graph = createImportGraph(root);
  const spawns = (file: string) =>
    !file.startsWith('src/') && graph.importsOf(file).some(({ specifier }) => specifier === 'node:child_process');
  const slow = new Set(files.filter((file) => [...graph.reachedFrom(file)].some(spawns)));
  return [...slow, ...files.filter((file) => !slow.has(file))];
}
