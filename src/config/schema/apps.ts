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

/** The prefix of the name of the session cookie: browsers refuse `__Host-` with a domain (RFC 6265bis section 4.1.3.2). */
export const sessionCookiePrefix = ({ session }: Pick<Config, 'session'>): '__Host-' | '__Secure-' =>
  session.cookie.sharedDomain === undefined ? '__Host-' : '__Secure-';

/** The name of the session cookie. Over plain HTTP, which only development may use, browsers drop cookies with such a prefix. */
export const sessionCookieName = ({ publicUrl, session }: Pick<Config, 'publicUrl' | 'session'>): string =>
  session.cookie.name ?? (publicUrl.startsWith('https:') ? `${sessionCookiePrefix({ session })}bff` : 'bff');
