/** The warning about apps that share an origin: browsers do not isolate them from each other. */
import type { Combination } from './warning.ts';

export const appPath: Combination = {
  id: 'app-path',
  when: '`path` of an app: it shares its origin with other apps, and a script of one can act as the user in all of them',
  hint: 'give the app an origin of its own, unless you trust all apps of the origin alike',
  find: ({ config: { app, publicUrl } }) =>
    app.path === '' ? [] : [`${publicUrl}${app.path} is not isolated from the other apps of this origin`],
};
