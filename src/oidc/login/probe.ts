/** Asks the provider what it thinks of this client, without a user: a code that nobody issued, and a silent sign-in. */
import * as oidc from 'openid-client';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { createProvider } from '../provider/provider.ts';
import { createAuthorizationCodeFlow } from './authorization-code-flow.ts';

/** What an endpoint of the provider said. */
export type ProbeResult =
  | { kind: 'accepted' }
  | { kind: 'refused'; error: string; description: string }
  | { kind: 'failed'; error: unknown };

export interface Probe {
  /** Redeems a code that does not exist: who is told so has shown good credentials. */
  checkCredentials(): Promise<ProbeResult>;
  /** The address of a sign-in that must not ask anybody anything; `failed` or `refused` when the request could not be pushed. */
  beginSilentLogin(): Promise<{ kind: 'ready'; url: URL } | Exclude<ProbeResult, { kind: 'accepted' }>>;
  stop(): void;
}

export interface ProbeOptions {
  config: Config;
  redirectUri: string;
  log: Logger;
  clock: () => number;
}

function verdictOf(error: unknown): Exclude<ProbeResult, { kind: 'accepted' }> {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof oidc.ResponseBodyError)
      return { kind: 'refused', error: cause.error, description: cause.error_description ?? '' };
  return { kind: 'failed', error };
}

/** Discovers the provider as a running gateway would. */
export async function startProbe({ config, redirectUri, log, clock }: ProbeOptions): Promise<Probe> {
  const provider = createProvider({
    config: config.provider,
    allowInsecureHttp: config.development.allowInsecureHttp,
    log,
    clock,
  });
  await provider.start();
  const codeFlow = createAuthorizationCodeFlow({
    config,
    provider,
    redirectUri,
    checkSessionToken: async () => undefined,
    discard: () => {},
    clock,
  });
  return {
    async checkCredentials() {
      try {
        const client = await provider.client();
        await oidc.genericGrantRequest(client, 'authorization_code', {
          code: 'a-code-that-nobody-issued',
          redirect_uri: redirectUri,
          code_verifier: oidc.randomPKCECodeVerifier(),
        });
        return { kind: 'accepted' };
      } catch (error) {
        const verdict = verdictOf(error);
        return verdict.kind === 'refused' && verdict.error === 'invalid_grant' ? { kind: 'accepted' } : verdict;
      }
    },
    async beginSilentLogin() {
      try {
        const { url } = await codeFlow.begin({ prompt: 'none' }, '/', undefined);
        return { kind: 'ready', url };
      } catch (error) {
        return verdictOf(error);
      }
    },
    stop: () => provider.stop(),
  };
}
