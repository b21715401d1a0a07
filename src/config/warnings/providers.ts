/** Warnings about the providers at which users sign in. */
import { providerEntries } from '../schema/providers.ts';
import type { ProviderConfig } from '../schema/schema.ts';
import { formatPath } from '../validate/faults.ts';
import type { Combination, WarningFacts } from './warning.ts';

/** Creates the function that finds the providers with a property; `option` is the one to change. */
const providersWith =
  (applies: (provider: ProviderConfig) => boolean, option: keyof ProviderConfig, effect: string) =>
  ({ config }: WarningFacts): string[] =>
    providerEntries(config)
      .filter(({ provider }) => applies(provider))
      .map(({ at }) => `${formatPath([...at, option])} is ${effect}`);

export const formPost: Combination = {
  id: 'form-post',
  when: '`provider.responseMode` is form_post: the login cookie is SameSite=None',
  hint: 'use query unless the provider requires form_post',
  find: providersWith(
    ({ responseMode }) => responseMode === 'form_post',
    'responseMode',
    'form_post: the login cookie is SameSite=None',
  ),
};

export const trustedEmail: Combination = {
  id: 'trusted-email',
  when: '`provider.trustEmail`: a user who can set their own address at the provider is admitted as a user of that domain',
  hint: 'leave it off, and have the provider send email_verified',
  find: providersWith(({ trustEmail }) => trustEmail, 'trustEmail', 'on: addresses count without verification'),
};
