/** The apps of one configuration: each is a complete configuration with a public origin, providers, cookie and routes of its own. */
import type { Config } from './schema.ts';

/** Every app of a configuration, each without the others: the one that it describes itself first. */
export function appsOf(config: Config): readonly [Config, ...Config[]] {
  const { apps, ...first } = config;
  return apps ? [first, ...apps] : [config];
}

/** The configuration of these apps, the counterpart of `appsOf`. */
export const configOfApps = ([first, ...further]: readonly [Config, ...Config[]]): Config =>
  further.length === 0 ? first : { ...first, apps: further };

/** What makes an app the same one in two configurations: its name may change. */
export const addressOf = ({ publicUrl, app }: Config): string => publicUrl + app.path;

/** The configuration with every app mapped, the further ones included. */
export const mapApps = (config: Config, map: (app: Config) => Config): Config =>
  config.apps ? { ...map(config), apps: config.apps.map(map) } : map(config);

/** The name of the session cookie. Over plain HTTP, which only development may use, browsers drop cookies with the prefix `__Host-`. */
export const sessionCookieName = ({ publicUrl, session }: Pick<Config, 'publicUrl' | 'session'>): string =>
  session.cookie.name ?? (publicUrl.startsWith('https:') ? '__Host-bff' : 'bff');
