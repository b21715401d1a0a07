/** docker-compose.yml: mounted files exist, settings match the gateway, and no port is reachable from outside. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load/load.ts';
import { targetUrls } from '../../src/config/traffic/upstream-targets.ts';
import { ROOT } from './dockerfile.ts';

interface Service {
  image?: string;
  build?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { services } = parse(read('docker-compose.yml')) as { services: Record<string, Service> };
const { gateway = {} } = services;
/** Replaces variables by the defaults that Compose uses. */
const withDefaults = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

test('every mounted file is in the repository', () => {
  const mounted = Object.values(services)
    .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] ?? ''))
    .filter((source) => source.startsWith('.'));
  assert.ok(mounted.length >= 4);
  assert.deepEqual(
    mounted.filter((source) => !existsSync(join(ROOT, source))),
    [],
  );
});

test('the configuration is valid with the variables of the service, and refers to existing services', () => {
  const env = Object.fromEntries(
    Object.entries(gateway.environment ?? {}).map(([name, value]) => [name, withDefaults(value)]),
  );
  const readFile = (path: string) => {
    assert.match(path, /^\/run\/bff\/(session-key|redis-password)$/);
    return 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
  };
  const { config } = loadConfig({ file: 'gateway.yaml', text: read('deploy/compose/gateway.yaml'), env, readFile });
  const { redis } = config.session.store as { redis: { url?: string } };
  for (const url of [
    config.provider.internalUrl,
    redis.url,
    ...config.routes.flatMap(({ upstream }) => targetUrls(upstream)),
  ])
    assert.ok(new URL(url ?? '').hostname in services, url);
  assert.deepEqual(gateway.ports?.map(withDefaults), [
    `127.0.0.1:${new URL(config.publicUrl).port}:${config.listen.port}`,
  ]);
  const grace = Number.parseInt(gateway.stop_grace_period ?? '', 10) * 1000;
  assert.ok(grace >= config.limits.drainDelay + config.limits.drainTimeout + 5_000, 'time to drain');
  assert.equal(config.provider.issuer, withDefaults(services['orders-api']?.environment?.ISSUER ?? ''));
});

test('every port is published on loopback only', () => {
  for (const { ports = [] } of Object.values(services)) for (const port of ports) assert.match(port, /^127\.0\.0\.1:/);
});

test('the gateway has a read-only file system, and waits for its dependencies', () => {
  assert.deepEqual([gateway.read_only, gateway.cap_drop], [true, ['ALL']]);
  for (const [name, { condition }] of Object.entries(gateway.depends_on ?? {})) {
    const healthy = services[name]?.healthcheck !== undefined;
    assert.equal(condition, healthy ? 'service_healthy' : 'service_completed_successfully', name);
  }
});
