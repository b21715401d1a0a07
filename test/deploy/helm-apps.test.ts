/** Several apps in the Helm chart: a file and a Secret for each, and an Ingress for the hosts of all; needs Helm. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { ROOT } from './dockerfile.ts';
import { appSecrets, dataOf } from './helm-apps.ts';
import { at, has, manifestsOf } from './manifests.ts';
import { checkWorkload, configOf, only } from './workload.ts';

const CHART = join(ROOT, 'deploy/helm/bff-gateway');
const FILES = '/etc/bff-gateway-apps';
const route = (upstream: string) => [{ path: '/api/**', upstream }];

const SHOP = {
  id: 'shop',
  config: {
    publicUrl: 'https://shop.example.com',
    provider: { clientId: 'shop-web' },
    routes: route('http://orders:8080'),
  },
};
const PARTNERS = {
  id: 'partners',
  secretName: 'partners-oidc',
  tlsSecretName: 'partners-tls',
  config: {
    publicUrl: 'https://partners.example.net',
    providers: [
      { id: 'acme', issuer: 'https://id.acme.example', clientId: 'p1' },
      { id: 'initech', issuer: 'https://sso.initech.example', clientId: 'p2' },
    ],
    routes: route('http://partners:8080'),
  },
};
const VALUES = {
  config: {
    trustedProxies: ['10.0.0.0/8'],
    provider: { issuer: 'https://id.example.com/realms/acme' },
    session: { store: { redis: { url: 'redis://redis:6379' } } },
  },
  apps: [SHOP, PARTNERS],
  ingress: { enabled: true, tlsSecretName: 'shop-tls' },
};

for (const program of ['helm', 'helm3'].filter(has))
  describe(`several apps with ${program}`, () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bff-chart-apps-'));
    });
    after(() => rm(folder, { recursive: true }));
    const run = (values: object, chart = CHART) => {
      const file = join(folder, 'values.yaml');
      writeFileSync(file, stringify(values));
      return spawnSync(program, ['template', 'acme', chart, '--kube-version', '1.34.0', '-f', file], {
        encoding: 'utf8',
      });
    };
    const render = (values: object, chart?: string) => {
      const { stdout, stderr, status } = run(values, chart);
      assert.equal(status, 0, stderr);
      return manifestsOf(stdout);
    };

    test('each app has a file, which the gateway reads from the mounted folder, and a Secret', async () => {
      const manifests = render(VALUES);
      const files = dataOf(manifests, 'acme-bff-gateway-apps') ?? {};
      assert.deepEqual(Object.keys(files).sort(), ['partners.yaml', 'shop.yaml']);
      assert.deepEqual(appSecrets(manifests), {
        '/run/secrets/bff-gateway-apps/shop': 'acme-bff-gateway-shop',
        '/run/secrets/bff-gateway-apps/partners': 'partners-oidc',
      });
      const secrets = {
        '/run/secrets/bff-gateway-apps/shop': ['client-secret'],
        '/run/secrets/bff-gateway-apps/partners': ['client-secret-acme', 'client-secret-initech'],
      };
      const text = dataOf(manifests, 'acme-bff-gateway')?.['gateway.yaml'] ?? '';
      const mounts = { folder: FILES, files, secrets };
      await checkWorkload(manifests, text, mounts);
      assert.equal(
        configOf(text, mounts).publicUrl,
        'https://partners.example.net',
        'files are read in the order of their names',
      );
      assert.deepEqual(at(only(manifests, 'Deployment'), 'spec.template.spec.volumes.2.projected.sources'), [
        { configMap: { name: 'acme-bff-gateway-apps' } },
      ]);
    });

    test('the values of several apps in docs/deployment.md are valid', () => {
      const page = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
      const [, text = ''] = /```yaml\n(# values of several apps\n[\s\S]*?)```/.exec(page) ?? [];
      const manifests = render(parse(text) as object);
      assert.deepEqual(Object.values(appSecrets(manifests)), ['acme-bff-gateway-shop', 'acme-bff-gateway-desk']);
    });

    test('the Ingress has the hosts of all apps, with a certificate for each', () => {
      const ingress = only(
        render({ ...VALUES, ingress: { ...VALUES.ingress, hosts: ['wiki.example.com'] } }),
        'Ingress',
      );
      const rules = at(ingress, 'spec.rules') as { host: string }[];
      assert.deepEqual(
        rules.map(({ host }) => host),
        ['shop.example.com', 'partners.example.net', 'wiki.example.com'],
      );
      assert.deepEqual(at(ingress, 'spec.tls'), [
        { hosts: ['shop.example.com', 'wiki.example.com'], secretName: 'shop-tls' },
        { hosts: ['partners.example.net'], secretName: 'partners-tls' },
      ]);
    });

    test('an app that shares the client of the top needs no further Secret, and one below a path no further host', () => {
      const main = { ...VALUES.config, ...SHOP.config, provider: { ...VALUES.config.provider, clientId: 'shop-web' } };
      const admin = { publicUrl: SHOP.config.publicUrl, path: '/admin' };
      const manifests = render({ ...VALUES, config: main, apps: [{ id: 'admin', config: admin }] });
      assert.deepEqual(appSecrets(manifests), {});
      assert.deepEqual(parse(dataOf(manifests, 'acme-bff-gateway-apps')?.['admin.yaml'] ?? ''), admin);
      assert.equal((at(only(manifests, 'Ingress'), 'spec.rules') as unknown[]).length, 1);
    });

    test('the files of an existing ConfigMap are read beside those of the chart, with their Secrets', () => {
      const appsFrom = { configMap: 'more-apps', secrets: [{ id: 'wiki', secretName: 'wiki-oidc' }] };
      const manifests = render({ ...VALUES, appsFrom });
      assert.deepEqual(at(only(manifests, 'Deployment'), 'spec.template.spec.volumes.2.projected.sources'), [
        { configMap: { name: 'acme-bff-gateway-apps' } },
        { configMap: { name: 'more-apps' } },
      ]);
      assert.equal(appSecrets(manifests)['/run/secrets/bff-gateway-apps/wiki'], 'wiki-oidc');
      const alone = render({ ...VALUES, apps: [], appsFrom, ingress: {} });
      assert.equal(dataOf(alone, 'acme-bff-gateway-apps'), undefined);
      assert.equal(
        (parse(dataOf(alone, 'acme-bff-gateway')?.['gateway.yaml'] ?? '') as { appsFrom: string }).appsFrom,
        FILES,
      );
    });

    test('a changed app changes the pod', () => {
      const checksum = (values: object) =>
        at(only(render(values), 'Deployment'), 'spec.template.metadata.annotations.checksum/config');
      const changed = { ...SHOP, config: { ...SHOP.config, routes: route('http://orders:9090') } };
      assert.notEqual(checksum(VALUES), checksum({ ...VALUES, apps: [changed, PARTNERS] }));
    });

    test('apps with one id, an invalid id or no publicUrl are rejected before anything is installed', () => {
      const bad: [apps: unknown[], error: RegExp][] = [
        [[SHOP, SHOP], /two apps have the id shop/],
        [[{ ...SHOP, id: 'Shop' }], /schema/],
        [[{ id: 'shop', config: { routes: [] } }], /schema/],
        [[], /schema/],
      ];
      for (const [apps, error] of bad) {
        const { status, stderr } = run({ ...VALUES, apps });
        assert.notEqual(status, 0, String(error));
        assert.match(stderr, error);
      }
    });

    test('the release notes name every app and the command for each Secret', () => {
      const chart = join(folder, 'chart');
      cpSync(CHART, chart, { recursive: true });
      const notes = readFileSync(join(chart, 'templates/NOTES.txt'), 'utf8');
      rmSync(join(chart, 'templates/NOTES.txt'));
      // Helm prints the notes at an installation only, for which it needs a cluster; so they are rendered as a manifest.
      const template = `{{- define "notes" }}${notes}{{ end }}\nkind: Notes\ntext: {{ include "notes" . | toJson }}\n`;
      writeFileSync(join(chart, 'templates/notes.yaml'), template);
      const notesOf = (values: object) => String(only(render(values, chart), 'Notes').text);
      const several = notesOf(VALUES);
      assert.match(several, /https:\/\/shop\.example\.com, https:\/\/partners\.example\.net are served/);
      assert.match(several, /acme-bff-gateway-shop --from-file=client-secret=\.\/shop-client-secret\n/);
      assert.match(several, /partners-oidc --from-file=client-secret-acme=\S+ --from-file=client-secret-initech=\S+\n/);
      assert.doesNotMatch(several, /file=client-secret=\.\/client-secret\n/);
      const main = { ...VALUES.config, ...SHOP.config, provider: { ...VALUES.config.provider, clientId: 'shop-web' } };
      const one = notesOf({ config: main });
      assert.match(one, /https:\/\/shop\.example\.com is served/);
      assert.match(one, /--from-file=client-secret=\.\/client-secret\n/);
      assert.match(one, /Register at the provider: https:\/\/shop\.example\.com\/callback and/);
    });
  });
