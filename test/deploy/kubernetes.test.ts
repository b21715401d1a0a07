/** The Kubernetes manifests and the Helm chart: checked against the gateway, and rendered by kubectl and Helm if installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { ROOT } from './dockerfile.ts';
import { at, has, type Manifest, manifestsOf } from './manifests.ts';
import { checkWorkload, configOf, only } from './workload.ts';

const PLAIN = join(ROOT, 'deploy/kubernetes');
const CHART = join(ROOT, 'deploy/helm/bff-gateway');
/** The configuration file in the ConfigMap. */
const configText = (manifests: readonly Manifest[]) =>
  (only(manifests, 'ConfigMap').data as Record<string, string>)['gateway.yaml'] ?? '';
const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

describe('deploy/kubernetes', () => {
  const kustomization = parse(read(PLAIN, 'kustomization.yaml')) as {
    resources: string[];
    configMapGenerator: { name: string; files: string[] }[];
  };
  const manifests = kustomization.resources.flatMap((file) => manifestsOf(read(PLAIN, file)));

  test('is consistent, contains no secret, and has a valid configuration', () =>
    checkWorkload(manifests, read(PLAIN, 'gateway.yaml')));

  test('every file is used', () => {
    const used = [
      'kustomization.yaml',
      ...kustomization.resources,
      ...kustomization.configMapGenerator.flatMap(({ files }) => files),
    ];
    assert.deepEqual(globSync('*', { cwd: PLAIN }).sort(), used.sort());
  });

  test('autoscaling starts with two replicas of the Deployment', () => {
    const autoscaler = only(manifests, 'HorizontalPodAutoscaler');
    assert.equal(at(autoscaler, 'spec.minReplicas'), 2);
    assert.equal(at(autoscaler, 'spec.scaleTargetRef.name'), only(manifests, 'Deployment').metadata.name);
    assert.equal(at(only(manifests, 'Deployment'), 'spec.replicas'), undefined, 'otherwise each apply would reset it');
  });

  if (has('kubectl'))
    test('kubectl renders it, and the pods read the generated ConfigMap', async () => {
      const built = manifestsOf(execFileSync('kubectl', ['kustomize', PLAIN], { encoding: 'utf8' }));
      const { name } = only(built, 'ConfigMap').metadata;
      assert.match(name, /^bff-gateway-\w+$/);
      const deployment = only(built, 'Deployment');
      assert.equal(at(deployment, 'spec.template.spec.volumes.0.configMap.name'), name);
      assert.match(String(at(deployment, 'spec.template.spec.containers.0.image')), /\/bff-gateway:\d/);
      await checkWorkload(built, configText(built));
    });
});

describe('deploy/helm', () => {
  test('the chart, its values and the package have the same version', () => {
    const { version, appVersion } = parse(read(CHART, 'Chart.yaml')) as { version: string; appVersion: string };
    const { version: released } = JSON.parse(read(ROOT, 'package.json')) as { version: string };
    assert.deepEqual([version, appVersion], [released, released]);
  });

  test('every value is in the schema', () => {
    const values = parse(read(CHART, 'values.yaml')) as Record<string, unknown>;
    const { properties } = JSON.parse(read(CHART, 'values.schema.json')) as { properties: Record<string, unknown> };
    assert.deepEqual(
      Object.keys(values).filter((name) => !(name in properties)),
      [],
    );
  });

  if (has('helm')) helm('helm');
  if (has('helm3')) describe('with Helm 3', () => helm('helm3'));
});

/** Tests that need Helm. */
function helm(program: 'helm' | 'helm3'): void {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bff-chart-'));
  });
  after(() => rm(folder, { recursive: true }));

  const VALUES = {
    config: {
      publicUrl: 'https://shop.example.com',
      trustedProxies: ['10.0.0.0/8'],
      provider: { issuer: 'https://id.example.com/realms/shop', clientId: 'shop-web' },
      session: { store: { redis: { url: 'redis://redis:6379' } } },
      routes: [{ path: '/api/**', upstream: 'http://orders:8080' }],
    },
  };
  const run = (values: object, command: string[]) => {
    writeFileSync(join(folder, 'values.yaml'), stringify(values));
    return spawnSync(program, [...command, '--kube-version', '1.34.0', '-f', join(folder, 'values.yaml')], {
      encoding: 'utf8',
    });
  };
  const render = (values: object) => {
    const { stdout, stderr, status } = run(values, ['template', 'shop', CHART]);
    assert.equal(status, 0, stderr);
    return manifestsOf(stdout);
  };

  test('helm lint reports no problem', () => {
    const { stdout, status } = run(VALUES, ['lint', '--strict', CHART]);
    assert.equal(status, 0, stdout);
  });

  test('typical values render the same objects as the plain manifests', async () => {
    const manifests = render(VALUES);
    await checkWorkload(manifests, configText(manifests));
    assert.deepEqual(manifests.map(({ kind }) => kind).sort(), [
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ]);
  });

  test('the values in docs/deployment.md are valid', async () => {
    const [, text = ''] = /```yaml\n(# values\.yaml\n[\s\S]*?)```/.exec(read(ROOT, 'docs/deployment.md')) ?? [];
    const manifests = render(parse(text) as object);
    await checkWorkload(manifests, configText(manifests));
    assert.equal(at(only(manifests, 'Ingress'), 'spec.tls.0.secretName'), 'shop-tls');
  });

  test('all options changed from their defaults render valid manifests', async () => {
    const manifests = render({
      config: { ...VALUES.config, frontend: { directory: '/srv/web' } },
      image: { repository: 'registry.example.com/gateway', tag: '9' },
      imagePullSecrets: [{ name: 'pull' }],
      secretName: 'shop-secrets',
      replicaCount: 3,
      autoscaling: { enabled: false },
      ingress: { enabled: true, className: 'nginx', annotations: { a: 'b' }, tlsSecretName: 'shop-tls' },
      frontendVolume: { configMap: { name: 'web' } },
      nodeSelector: { a: 'b' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
    });
    await checkWorkload(manifests, configText(manifests));
    assert.equal(at(only(manifests, 'Deployment'), 'spec.replicas'), 3);
    assert.equal(at(only(manifests, 'Ingress'), 'spec.rules.0.host'), 'shop.example.com');
    const volumes = at(only(manifests, 'Deployment'), 'spec.template.spec.volumes');
    assert.equal(at(volumes, '1.secret.secretName'), 'shop-secrets');
    assert.equal(at(volumes, '2.configMap.name'), 'web');
  });

  test('a changed configuration changes the pod, and overrides defaults that the pod does not need', () => {
    const checksum = (values: object) =>
      at(only(render(values), 'Deployment'), 'spec.template.metadata.annotations.checksum/config');
    const changed = { config: { ...VALUES.config, limits: { drainDelay: '1s' }, admin: { host: '127.0.0.1' } } };
    assert.notEqual(checksum(VALUES), checksum(changed));
    const config = configOf(configText(render(changed)));
    assert.deepEqual([config.limits.drainDelay, config.admin.host], [1_000, '0.0.0.0']);
  });

  test('an option may be a variable, whatever its type', async () => {
    const limits = { connections: '${CONNECTIONS}', headerSize: '${SIZE:-16kb}' };
    const manifests = render({ config: { ...VALUES.config, limits, log: { level: '${LEVEL:-info}' } } });
    const { limits: rendered } = parse(configText(manifests)) as { limits: object };
    assert.deepEqual({ ...rendered, ...limits }, rendered);
  });

  test('further variables, volumes and mounts are those of the container', async () => {
    const manifests = render({
      ...VALUES,
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }],
      extraEnvFrom: [{ secretRef: { name: 'shop-env' } }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'company-ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
    });
    await checkWorkload(manifests, configText(manifests));
    const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
    assert.deepEqual(at(pod, 'containers.0.env'), [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca/ca.pem' }]);
    assert.deepEqual(at(pod, 'containers.0.envFrom'), [{ secretRef: { name: 'shop-env' } }]);
    assert.deepEqual(at(pod, 'volumes.2'), { name: 'ca', configMap: { name: 'company-ca' } });
    assert.deepEqual(at(pod, 'containers.0.volumeMounts.2'), { name: 'ca', mountPath: '/etc/ca', readOnly: true });
  });

  test('the ServiceMonitor selects the Service of the private port, and that the pods', () => {
    const manifests = render({ ...VALUES, serviceMonitor: { enabled: true, labels: { release: 'monitoring' } } });
    const monitor = only(manifests, 'ServiceMonitor');
    const services = manifests.filter(({ kind }) => kind === 'Service');
    const selected = at(monitor, 'spec.selector.matchLabels') as Record<string, string>;
    const matching = services.filter(({ metadata }) =>
      Object.entries(selected).every(([name, value]) => metadata.labels?.[name] === value),
    );
    assert.equal(matching.length, 1);
    const [service] = matching;
    assert.ok(service);
    assert.equal(at(service, 'spec.ports.0.name'), at(monitor, 'spec.endpoints.0.port'));
    const pod = at(only(manifests, 'Deployment'), 'spec.template') as Manifest;
    const labels = Object.entries(at(service, 'spec.selector') as Record<string, string>);
    for (const [name, value] of labels) assert.equal(pod.metadata.labels?.[name], value);
    assert.equal(at(pod, 'spec.containers.0.ports.1.name'), at(service, 'spec.ports.0.targetPort'));
    assert.equal(monitor.metadata.labels?.release, 'monitoring');
  });

  test('the PrometheusRule has the alert rules of the gateway, and those of the values', () => {
    const own = { name: 'own', rules: [{ alert: 'Own', expr: 'up == 0' }] };
    const manifests = render({ ...VALUES, prometheusRule: { enabled: true, additionalGroups: [own] } });
    const { groups } = parse(read(ROOT, 'deploy/prometheus/alerts.yaml')) as { groups: unknown[] };
    assert.deepEqual(at(only(manifests, 'PrometheusRule'), 'spec.groups'), [...groups, own]);
  });

  test('invalid values are rejected before anything is installed', () => {
    const { session: _session, ...withoutStore } = VALUES.config;
    const bad: Record<string, object> = {
      'unknown value': { ...VALUES, replicas: 3 },
      'no shared store': { config: withoutStore },
      'a file of one pod': {
        config: { ...withoutStore, session: { store: { sqlite: { file: '/data/sessions.db' } } } },
      },
      'no provider': { config: { ...VALUES.config, provider: undefined } },
      'an unknown option': { config: { ...VALUES.config, lisen: { port: 1 } } },
      'an unknown option inside a route': {
        config: { ...VALUES.config, routes: [{ path: '/api/**', upstreams: 'http://orders:8080' }] },
      },
      'a wrong type': { config: { ...VALUES.config, limits: { connections: true } } },
      'a value that an option does not have': { config: { ...VALUES.config, log: { level: 'loud' } } },
    };
    for (const [name, values] of Object.entries(bad)) {
      const { status, stderr } = run(values, ['template', 'shop', CHART]);
      assert.notEqual(status, 0, name);
      assert.match(stderr, /schema/, name);
    }
  });
}
