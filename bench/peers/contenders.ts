/** The measured products: how to start each, where its sign-in begins, and its configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { CertificateFiles } from '../../test/support/tls-files.ts';
import { createTrustedCertificate } from '../certificate.ts';
import { start } from '../processes.ts';
import { PORTS, type Services } from '../services.ts';
import { apacheConfig, haproxyConfig, nginxConfig, oauth2ProxyConfig } from './configs.ts';

export interface Contender {
  name: string;
  /** Starts it on a port; returns the process id. */
  start(port: number): number;
  /** Path that starts a sign-in; left out for products without sessions. */
  login?: string;
  /** Whether it forwards WebSockets and event streams under `/streams`. */
  streams: boolean;
  /** Whether its port speaks TLS, with the same certificate as all others. */
  tls?: boolean;
  /** Whether clients can choose HTTP/2 over TLS; true by default. */
  speaksHttp2?: boolean;
  /** Measured only when `--only` names it. */
  onRequest?: boolean;
  /** Whether it accepts and verifies access tokens sent by clients. */
  validatesTokens?: boolean;
}

const ROOT = join(import.meta.dirname, '../..');
const upstream = `http://127.0.0.1:${PORTS.upstream}`;
const streams = `http://127.0.0.1:${PORTS.streams}`;
const provider = `http://127.0.0.1:${PORTS.provider}`;
const redis = `redis://127.0.0.1:${PORTS.redis}`;
export const CLIENT = { id: 'bench', secret: 'bench-client-secret-bench-client-secret' };

/** The gateway with its default features. */
function gatewayConfig(port: number, tls?: CertificateFiles) {
  return {
    publicUrl: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port, ...(tls ? { tls } : {}) },
    admin: { port: port + 100 },
    workers: 1,
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: '0123456789abcdef0123456789abcdef0123456789abcdef' }] },
    provider: { issuer: provider, clientId: CLIENT.id, clientSecret: CLIENT.secret, scopes: ['openid', 'profile'] },
    accessTokens: { audience: ['orders-api'], provider: { type: 'any', subjects: 'users' } },
    session: { store: { redis: { url: redis } } },
    limits: { loginsPerMinute: 0 },
    routes: [
      { path: '/streams/**', upstream: streams, websocket: true, csrf: 'fetch-metadata', connections: 2000 },
      {
        path: '/api/**',
        upstream,
        // Lets 10,000 concurrent requests wait instead of being refused.
        maxQueue: 20_000,
        claimHeaders: { 'X-User': 'sub' },
        rules: [{ token: 'user-or-client', scopes: ['openid'] }],
      },
    ],
  };
}

/**
 * Returns all contenders; those that speak TLS come once without and once with it. Their files are written to the folder. `before` is the root of another built checkout of the
 * gateway: it runs as the contender `before`, so that two versions are compared in one interleaved run.
 */
export function contenders(folder: string, { token }: Services, before?: string): Contender[] {
  const files = createTrustedCertificate(folder);
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  // haproxy reads both from one file.
  const pem = file('bench.pem', [files.certificate, files.key].map((path) => readFileSync(path, 'utf8')).join(''));
  const run = (name: string, command: readonly string[], env?: Record<string, string>) =>
    start(folder, name, command, env);
  const withAndWithoutTls = (
    name: string,
    contender: Omit<Contender, 'name' | 'start' | 'tls'>,
    startWith: (port: number, unique: string, tls?: CertificateFiles) => number,
  ): Contender[] => [
    { name, ...contender, start: (port) => startWith(port, name) },
    { name, ...contender, tls: true, start: (port) => startWith(port, `${name}-tls`, files) },
  ];
  const gateway = (name: string, root = ROOT, more: Partial<ConfigInput> = {}) =>
    withAndWithoutTls(
      name,
      { streams: true, validatesTokens: true, login: '/login?returnTo=/api/small.json' },
      (port, unique, tls) => {
        const config = file(`${unique}.yaml`, stringify({ ...gatewayConfig(port, tls), ...more }));
        return run(unique, [process.execPath, join(root, 'dist/main.js'), 'start', '--config', config]);
      },
    );
  return [
    ...withAndWithoutTls('nginx', { streams: true }, (port, unique, tls) =>
      run(unique, ['nginx', '-c', file(`${unique}.conf`, nginxConfig(folder, port, token, tls))]),
    ),
    ...withAndWithoutTls('haproxy', { streams: true }, (port, unique, tls) =>
      run(unique, ['haproxy', '-db', '-f', file(`${unique}.cfg`, haproxyConfig(port, token, tls && pem))]),
    ),
    ...withAndWithoutTls(
      'oauth2-proxy',
      { streams: true, login: '/api/small.json', speaksHttp2: false },
      (port, unique, tls) =>
        run(
          unique,
          [join(ROOT, '.cache/bench/oauth2-proxy'), '--config', file(`${unique}.cfg`, oauth2ProxyConfig(port, tls))],
          { GOMAXPROCS: '1' },
        ),
    ),
    {
      name: 'mod_auth_openidc',
      streams: false,
      login: '/api/small.json',
      start: (port) =>
        run('apache', ['apache2', '-f', file('apache.conf', apacheConfig(folder, port)), '-DFOREGROUND']),
    },
    {
      name: 'naive',
      // Its middleware would forward upgrades without a session.
      streams: false,
      login: '/login',
      start: (port) =>
        run('naive', [process.execPath, join(ROOT, 'bench/peers/naive.ts')], {
          PORT: String(port),
          REDIS_PORT: String(PORTS.redis),
          UPSTREAM: upstream,
          STREAMS: streams,
          SAMPLE: `${provider}/sample`,
        }),
    },
    ...gateway('bff-gateway'),
    ...gateway('undici', ROOT, { upstreamClient: 'undici' }).map((contender) => ({ ...contender, onRequest: true })),
    ...(before === undefined ? [] : gateway('before', before)),
  ];
}
