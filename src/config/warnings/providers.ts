/** Warnings about the providers at which users sign in. */
import { providerEntries } from '../schema/providers.ts';
import { formatPath } from '../validate/faults.ts';
import type { Combination } from './warning.ts';

export const formPost: Combination = {
  id: 'form-post',
  when: '`provider.responseMode` is form_post: the login cookie is SameSite=None',
  hint: 'use query unless the provider requires form_post',
  find: ({ config }) =>
    providerEntries(config).flatMap(({ provider, at }) =>
      provider.responseMode === 'form_post'
        ? [`${formatPath([...at, 'responseMode'])} is form_post: the login cookie is SameSite=None`]
        : [],
    ),
};

export const trustedEmail: Combination = {
  id: 'trusted-email',
  when: '`provider.trustEmail`: a user who can set their own address at the provider is admitted as a user of that domain',
  hint: 'leave it off, and have the provider send email_verified',
  find: ({ config }) =>
    providerEntries(config).flatMap(({ provider, at }) =>
      provider.trustEmail ? [`${formatPath([...at, 'trustEmail'])} is on: addresses count without verification`] : [],
    ),
};
