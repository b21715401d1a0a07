/** Finds what the Helm chart renders for further apps. */
import { at, type Manifest } from './manifests.ts';
import { only } from './workload.ts';

interface Mounted {
  mountPath: string;
  name: string;
}

/** The Secrets of apps that the pod has mounted, by folder. */
export function appSecrets(manifests: readonly Manifest[]): Record<string, string> {
  const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
  const volumes = at(pod, 'volumes') as { name: string; secret?: { secretName: string } }[];
  const mounts = at(pod, 'containers.0.volumeMounts') as Mounted[];
  return Object.fromEntries(
    mounts.flatMap(({ mountPath, name }) => {
      const secret = volumes.find((volume) => volume.name === name)?.secret?.secretName;
      return secret !== undefined && mountPath.startsWith('/run/secrets/bff-gateway-apps/')
        ? [[mountPath, secret]]
        : [];
    }),
  );
}

/** The data of a ConfigMap. */
export const dataOf = (manifests: readonly Manifest[], name: string) =>
  manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.data as
    | Record<string, string>
    | undefined;
