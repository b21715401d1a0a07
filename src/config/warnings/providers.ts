/** Warnings about the providers at which users sign in. */
import { providerEntries, signInProviders } from '../schema/providers.ts';
import type { ProviderConfig, RuleConfig } from '../schema/schema.ts';
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

/** Conditions on what a provider says about a user: each provider can say it about its own users. */
const ASSERTED = ['identity', 'claims', 'roles', 'groups'] as const;

const isForAnyProvider = ({ token, providers }: RuleConfig) =>
  token !== 'none' && token !== 'client' && providers === undefined;

export const anyProvider: Combination = {
  id: 'rule-any-provider',
  when: 'several providers, and a rule with `identity`, `claims`, `roles` or `groups` without `providers`: each provider decides which of its users meet it',
  hint: 'name in rules.providers those that may decide it',
  find: ({ config }) =>
    signInProviders(config).length < 2
      ? []
      : config.routes.flatMap(({ path, rules }) =>
          rules.filter(isForAnyProvider).flatMap((rule) => {
            const asserted = ASSERTED.filter((name) => rule[name] !== undefined);
            return asserted.length === 0
              ? []
              : [`a rule of ${path} trusts every provider for ${asserted.join(' and ')}`];
          }),
        ),
};
