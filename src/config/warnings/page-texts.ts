/** Warnings about languages of the pages whose texts are not complete. */
import { CATALOGS, MESSAGE_KEYS } from '../../responses/messages/catalogs.ts';
import type { Combination } from './warning.ts';

export const missingTexts: Combination = {
  id: 'page-texts-missing',
  when: '`pages.messages` has a further language in which texts are missing: its readers see English among them',
  hint: 'add the texts; docs/pages-design.md lists the keys',
  find: ({ config: { pages } }) =>
    Object.entries(pages.messages ?? {}).flatMap(([tag, own]) => {
      // A regional language has the texts of the built-in one.
      if (Object.hasOwn(CATALOGS, tag.split('-')[0] ?? '')) return [];
      const missing = MESSAGE_KEYS.filter((key) => !Object.hasOwn(own, key));
      return missing.length === 0
        ? []
        : [`pages.messages.${tag} lacks ${missing.length} of ${MESSAGE_KEYS.length} texts, such as ${missing[0]}`];
    }),
};
