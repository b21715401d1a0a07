/** Provider probe: checks this client's credentials and authorization request without a user. */
import * as oidc from 'openid-client';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { createProvider, type Provider } from '../provider/provider.ts';
import { createAuthorizationCodeFlow } from './authorization-code-flow.ts';

/** Outcome of a request to an endpoint of the provider. */
export type ProbeResult =
  | { kind: 'accepted' }
  | { kind: 'refused'; error: string; description: string }
  | { kind: 'failed'; error: unknown };

type ProbeFailure = Exclude<ProbeResult, { kind: 'accepted' }>;

export interface Probe {
  /** Redeems a code that does not exist: the provider returns `invalid_grant` only if the credentials are good. */
  checkCredentials(redirectUri: string): Promise<ProbeResult>;
  /** Returns the URL of a silent sign-in (`prompt=none`), or the failure if the pushed request was not accepted. */
  beginSilentLogin(redirectUri: string): Promise<{ kind: 'ready'; url: URL } | ProbeFailure>;
  stop(): void;
}

export interface ProbeOptions {
  config: Config;
  /** The probed provider, one of the configuration. */
  settings: ProviderConfig;
  log: Logger;
  clock: () => number;
}

function failureOf(error: unknown): ProbeFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof oidc.ResponseBodyError)
      return { kind: 'refused', error: cause.error, description: cause.error_description ?? '' };
  return { kind: 'failed', error };
}

async function checkCredentials(provider: Provider, redirectUri: string): Promise<ProbeResult> {
  try {
    await oidc.genericGrantRequest(await provider.client(), 'authorization_code', {
      code: 'a-code-that-was-never-issued',
      redirect_uri: redirectUri,
      code_verifier: oidc.randomPKCECodeVerifier(),
    });
    return { kind: 'accepted' };
  } catch (error) {
    const failure = failureOf(error);
    return failure.kind === 'refused' && failure.error === 'invalid_grant' ? { kind: 'accepted' } : failure;
  }
}

/** Discovers the provider as a running gateway does, and returns the probe. */
export async function startProbe({ config, settings, log, clock }: ProbeOptions): Promise<Probe> {
  const provider = createProvider({
    config: settings,
    allowInsecureHttp: config.development.allowInsecureHttp,
    log,
    clock,
  });
  await provider.start();
  const codeFlowTo = (redirectUri: string) =>
    createAuthorizationCodeFlow({
      config: settings,
      absoluteTimeout: config.session.absoluteTimeout,
      provider,
      redirectUri,
      checkSessionToken: async () => undefined,
      discard: () => {},
      clock,
    });
  return {
    checkCredentials: (redirectUri) => checkCredentials(provider, redirectUri),
    async beginSilentLogin(redirectUri) {
      try {
        const { url } = await codeFlowTo(redirectUri).begin({ prompt: 'none' }, '/', undefined, oidc.randomState());
        return { kind: 'ready', url };
      } catch (error) {
        return failureOf(error);
      }
    },
    stop: () => provider.stop(),
  };
}
