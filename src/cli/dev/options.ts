/** What `bff-gateway dev` is told: ports, front end, APIs and users, each checked with a sentence about its option. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** An API below a path. */
export interface DevApi {
  /** Without a trailing slash; empty for every path. */
  readonly path: string;
  readonly upstream: string;
}

export interface DevOptions {
  readonly port: number;
  /** Whether the port was chosen by the developer, so that no other may take its place. */
  readonly isChosen: boolean;
  readonly providerPort: number | undefined;
  /** Origin of a development server, or an absolute path of a folder. */
  readonly frontend: { readonly devServer: string } | { readonly directory: string } | undefined;
  readonly apis: readonly DevApi[];
  /** Whether the upstream receives the path with that of the API in front. */
  readonly prefix: 'keep' | 'strip';
  /** Audience of access tokens. */
  readonly audience: string | undefined;
}

export const DEFAULT_PORT = 3000;

/** A port. Throws an Error that says what is expected. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error('expected a port from 1 to 65535');
  return port;
}

const httpUrl = (text: string): URL | undefined => {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
};

/** The front end: an address is a development server, anything else a folder. Throws an Error that says what is expected. */
export function parseFrontend(text: string): DevOptions['frontend'] {
  const url = httpUrl(text);
  if (url && url.pathname === '/' && url.search === '') return { devServer: url.origin };
  if (url) throw new Error(`expected the origin of a development server, such as ${url.origin}`);
  const directory = resolve(text);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`there is no folder ${directory}; give a folder, or an address such as http://localhost:5173`);
  return { directory };
}

/** An API, written `/api=http://localhost:8080`. Throws an Error that says so. */
export function parseApi(text: string): DevApi {
  const at = text.indexOf('=');
  const path = text.slice(0, at).replace(/\/(\*\*)?$/, '');
  const url = httpUrl(text.slice(at + 1));
  if (at < 1 || !/^(\/[^\s?#*\\/]+)*$/.test(path) || !url || url.search !== '')
    throw new Error('expected a path and an address, such as /api=http://localhost:8080');
  return { path, upstream: url.href.replace(/\/$/, '') };
}

/** Whether APIs get the path of `--api`. Throws an Error that says what is expected. */
export function parsePrefix(text: string): DevOptions['prefix'] {
  if (text !== 'keep' && text !== 'strip') throw new Error('expected keep or strip');
  return text;
}
