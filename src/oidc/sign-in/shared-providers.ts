/** Providers that several apps share: apps with the same options have one discovery and one key set between them. */
import { createSharedInstances } from '../../base/shared-instances.ts';
import { digest } from '../../crypto/digest.ts';
import { createProvider, type Provider, type ProviderOptions } from '../provider/provider.ts';

/**
 * Returns the provider with these options, which `stop` gives back: it goes on while another app uses it. It is started once. The
 * log and the metrics are those of the app that was first.
 */
export type AcquireProvider = (options: ProviderOptions) => Provider;

/** Creates the providers of the apps that are created together. */
export function createSharedProviders(): AcquireProvider {
  const providers = createSharedInstances<Provider>((provider) => provider.stop());

  return function acquireProvider(options) {
    const { config, signIn = true, allowInsecureHttp } = options;
    // Digested: the options contain secrets.
    const key = digest(JSON.stringify([config, signIn, allowInsecureHttp]));
    const { instance, release } = providers.acquire(key, () => startedOnce(createProvider(options)));
    return { ...instance, stop: release };
  };
}

function startedOnce(provider: Provider): Provider {
  let started: Promise<void> | undefined;
  return {
    ...provider,
    start() {
      started ??= provider.start();
      return started;
    },
  };
}
