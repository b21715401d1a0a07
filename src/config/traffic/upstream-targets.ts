/** Reads `upstream` of a route, whether it is one URL or a pool. */
import type { z } from 'zod';
import { httpUrlOf, serverOf } from '../../upstream/connect/target-url.ts';
import type { upstream, upstreamPool } from './upstream.ts';

export type UpstreamConfig = z.output<typeof upstream>;
export type PoolConfig = z.output<typeof upstreamPool>;
export type TargetConfig = PoolConfig['targets'][number];

/** The URLs of all targets. */
export const targetUrls = (config: UpstreamConfig): string[] =>
  typeof config === 'string' ? [config] : config.targets.map(({ url }) => url);

function firstUrl(config: UpstreamConfig): string {
  if (typeof config === 'string') return config;
  const [first] = config.targets;
  if (!first) throw new Error('an upstream has at least one target');
  return first.url;
}

/** The HTTP URL of the first target: its path is that of all, and its host stands for the upstream where only one can be named. */
export const baseUrl = (config: UpstreamConfig): string => httpUrlOf(firstUrl(config));

/** What connections to the first target are opened to: an origin, or a Unix socket. */
export const firstServer = (config: UpstreamConfig): string => serverOf(firstUrl(config));

/** The version of HTTP that the targets speak. */
export const protocolOf = (config: UpstreamConfig): PoolConfig['protocol'] =>
  typeof config === 'string' ? 'http1' : config.protocol;

/** The options of TLS; one URL has none. */
export const tlsOf = (config: UpstreamConfig): PoolConfig['tls'] =>
  typeof config === 'string' ? undefined : config.tls;
