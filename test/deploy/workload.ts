/** Checks that every set of manifests for the gateway must pass, plain or rendered. */
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { loadConfig } from '../../src/config/load/load.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { at, type Manifest, typeFaults } from './manifests.ts';

const SECRETS = '/run/secrets/bff-gateway';
const SECRET = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const SECRET_NAMES = ['session-key', 'client-secret', 'admin-secret', 'redis-password'];

export const only = (manifests: readonly Manifest[], kind: string): Manifest => {
  const [found, ...more] = manifests.filter((manifest) => manifest.kind === kind);
  assert.ok(found && more.length === 0, `one ${kind}`);
  return found;
};

/** What a pod has mounted for further apps: the folder of their files, and the keys of the Secret in each folder. */
export interface AppMounts {
  folder: string;
  files: Record<string, string>;
  secrets: Record<string, string[]>;
}

/** Loads the configuration as in a pod: with mounted secrets, and the variables of a pod. */
export function configOf(text: string, mounts: AppMounts = { folder: '', files: {}, secrets: {} }): Config {
  const readFile = (path: string) => {
    const [folder, name] = [dirname(path), basename(path)];
    const file = folder === mounts.folder ? mounts.files[name] : undefined;
    if (file !== undefined) return file;
    assert.ok((folder === SECRETS ? SECRET_NAMES : (mounts.secrets[folder] ?? [])).includes(name), path);
    return SECRET;
  };
  const listFiles = (folder: string) => {
    assert.equal(folder, mounts.folder);
    return Object.keys(mounts.files);
  };
  const env = { KUBERNETES_PORT: 'tcp' };
  const { config, warnings } = loadConfig({ file: 'gateway.yaml', text, env, readFile, listFiles });
  // The sample expects a Redis in the cluster, whose network the operator may encrypt, and files that only the pod has.
  const elsewhere = ['store-without-tls', 'frontend-missing'];
  assert.deepEqual(
    warnings.filter(({ id }) => !elsewhere.includes(id)),
    [],
  );
  return config;
}

function checkPod(pod: unknown): void {
  const expected: Record<string, unknown> = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    'securityContext.runAsNonRoot': true,
    'securityContext.runAsUser': 1000,
    'securityContext.seccompProfile.type': 'RuntimeDefault',
    'containers.0.securityContext.allowPrivilegeEscalation': false,
    'containers.0.securityContext.readOnlyRootFilesystem': true,
    'containers.0.securityContext.capabilities': { drop: ['ALL'] },
    'containers.0.startupProbe.httpGet': { path: '/startupz', port: 'admin' },
    'containers.0.livenessProbe.httpGet': { path: '/livez', port: 'admin' },
    'containers.0.readinessProbe.httpGet': { path: '/readyz', port: 'admin' },
    'containers.0.args.2': '/etc/bff-gateway/gateway.yaml',
    'containers.1': undefined,
  };
  const found = Object.fromEntries(Object.keys(expected).map((path) => [path, at(pod, path)]));
  assert.deepEqual(found, expected);
  assert.ok(at(pod, 'containers.0.resources.requests.cpu') && at(pod, 'containers.0.resources.limits.memory'));
  const keys = (at(pod, 'topologySpreadConstraints') as { topologyKey: string }[]).map(
    ({ topologyKey }) => topologyKey,
  );
  assert.deepEqual(keys, ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  const mounts = at(pod, 'containers.0.volumeMounts') as { mountPath: string; readOnly?: boolean }[];
  for (const { mountPath, readOnly } of mounts) assert.equal(readOnly, true, mountPath);
}

function checkPorts(manifests: readonly Manifest[], pod: unknown, config: Config): void {
  const ports = at(pod, 'containers.0.ports') as { name: string; containerPort: number }[];
  assert.deepEqual(ports, [
    { name: 'http', containerPort: config.listen.port },
    { name: 'admin', containerPort: config.admin.port },
  ]);
  assert.equal(config.admin.host, '0.0.0.0', 'probes use the address of the pod');
  assert.ok(config.admin.secret, 'session administration requires a secret');
  const service = only(manifests, 'Service');
  assert.deepEqual(
    (at(service, 'spec.ports') as { targetPort: string }[]).map(({ targetPort }) => targetPort),
    ['http'],
    'the admin port is not in the Service',
  );
  const policy = only(manifests, 'NetworkPolicy');
  for (const rule of at(policy, 'spec.ingress') as { from?: unknown[] }[])
    assert.ok((rule.from?.length ?? 0) > 0, 'every ingress rule names its sources');
  assert.deepEqual(at(policy, 'spec.policyTypes'), ['Ingress', 'Egress']);
}

/** Fails unless the manifests are consistent, contain no secret, and have a valid configuration. */
export async function checkWorkload(manifests: readonly Manifest[], text: string, mounts?: AppMounts): Promise<void> {
  assert.equal(await typeFaults(manifests), '');
  const config = configOf(text, mounts);
  const deployment = only(manifests, 'Deployment');
  const pod = at(deployment, 'spec.template.spec');
  checkPod(pod);
  checkPorts(manifests, pod, config);
  const grace = Number(at(pod, 'terminationGracePeriodSeconds')) * 1000;
  assert.ok(grace >= config.limits.drainDelay + config.limits.drainTimeout + 5_000, 'time to drain');
  const labels = at(deployment, 'spec.template.metadata.labels') as Record<string, string>;
  for (const [kind, path] of Object.entries({
    Deployment: 'spec.selector.matchLabels',
    Service: 'spec.selector',
    PodDisruptionBudget: 'spec.selector.matchLabels',
    NetworkPolicy: 'spec.podSelector.matchLabels',
  })) {
    const selector = at(only(manifests, kind), path) as Record<string, string>;
    assert.ok(Object.keys(selector).length > 0, kind);
    for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value, `${kind} ${name}`);
  }
  assert.equal(at(pod, 'serviceAccountName'), only(manifests, 'ServiceAccount').metadata.name);
  assert.equal(only(manifests, 'ServiceAccount').automountServiceAccountToken, false);
  assert.ok('redis' in config.session.store, 'replicas share sessions');
  assert.deepEqual(
    manifests.filter(({ kind }) => kind === 'Secret'),
    [],
    'no secret is in the repository',
  );
}
