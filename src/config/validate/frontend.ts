/** Checks of `frontend`: one source, and for an address elsewhere one that is safe to load the app from. */
import { isLoopbackHost } from '../../base/loopback.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

/** Why the index page must not be loaded from a URL; undefined if it may. Its scripts run with the permissions of the user. */
function urlFault(text: string, { publicUrl, development }: Config): Omit<Finding, 'path'> | undefined {
  const url = new URL(text);
  if (url.origin === new URL(publicUrl).origin)
    return {
      message: 'this is an address of the gateway itself',
      hint: 'name the server on which the app is published',
    };
  if (url.protocol === 'https:' || isLoopbackHost(url.hostname) || development.allowInsecureHttp) return undefined;
  return {
    message: 'plain HTTP is allowed only on loopback: a page that is changed in transit runs scripts as the user',
    hint: 'use https://, for development also development.allowInsecureHttp: true',
  };
}

/** Findings about the front end. */
export function frontendFindings(config: Config): Finding[] {
  const { frontend } = config;
  if (!frontend) return [];
  const { directory, url, devServer, ca } = frontend;
  const sources = [directory, url, devServer].filter((source) => source !== undefined);
  const fault = url === undefined ? undefined : urlFault(url, config);
  return [
    ...(sources.length > 1
      ? [
          {
            path: ['frontend'],
            message: 'directory, url and devServer exclude each other',
            hint: 'remove all but one of them',
          },
        ]
      : []),
    ...(fault ? [{ path: ['frontend', 'url'], ...fault }] : []),
    ...(ca !== undefined && url === undefined
      ? [
          {
            path: ['frontend', 'ca'],
            message: 'has no effect without frontend.url',
            hint: 'remove it, or set frontend.url',
          },
        ]
      : []),
  ];
}
