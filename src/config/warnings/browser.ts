/** Warnings about cookies, the front end and the addresses that browsers open. */
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { isAtPublicUrl } from '../schema/asked-routes.ts';
import { endpointPaths, landingPath, offeredEndpoints, reservedPaths } from '../schema/endpoints.ts';
import { hasPages } from '../schema/page-routes.ts';
import type { Config } from '../schema/schema.ts';
import { covers } from '../validate/routes.ts';
import type { Combination } from './warning.ts';

export const laxCookie: Combination = {
  id: 'lax-cookie',
  when: '`session.cookie.sameSite` is lax without a route of `kind: page`, which needs it',
  hint: 'use strict unless pages are rendered on the server',
  find: ({ config }) =>
    config.session.cookie.sameSite === 'lax' && !hasPages(config)
      ? ['session.cookie.sameSite is lax: strict is safer']
      : [],
};

export const persistentCookie: Combination = {
  id: 'persistent-cookie',
  when: '`session.cookie.persistent`: on a shared computer, the next user of the browser continues a session that was not signed out',
  hint: 'leave it off unless each user has a device or account of their own, and keep session.idleTimeout short',
  find: ({ config }) =>
    config.session.cookie.persistent
      ? ['session.cookie.persistent is on: the session survives the end of the browser']
      : [],
};

export const sharedCookie: Combination = {
  id: 'shared-cookie',
  when: '`session.cookie.sharedDomain`: every host below the domain gets the session cookie, so that a single one can act as its users everywhere, and can plant a cookie that signs them in as another user',
  hint: 'make each host an app of its own in apps: with one provider, a sign-in at each of them is seamless',
  find: ({ config: { session } }) =>
    session.cookie.sharedDomain === undefined
      ? []
      : [`every host below ${session.cookie.sharedDomain} gets the session cookie, and can plant another one`],
};

export const noContentSecurityPolicy: Combination = {
  id: 'no-content-security-policy',
  when: '`frontend.contentSecurityPolicy` is false: a script that gets into a page runs, and can send requests as the user',
  hint: 'set a policy that fits the app, unless its pages carry one in a meta element',
  find: ({ config }) =>
    config.frontend?.contentSecurityPolicy === false ? ['frontend.contentSecurityPolicy is false'] : [],
};

/** The reason why the index page of a folder is not served; undefined if it is. */
function indexFault(directory: string): string | undefined {
  const index = join(directory, 'index.html');
  const stats = statSync(index, { throwIfNoEntry: false });
  if (stats === undefined) return 'has no index.html';
  if (!stats.isFile()) return 'has an index.html that is not a file';
  if (!realpathSync(index).startsWith(`${realpathSync(directory)}${sep}`))
    return 'has an index.html that is a link to outside the folder';
  accessSync(index, constants.R_OK);
  return undefined;
}

/** The reason why a folder holds no front end; undefined if it does. */
function folderFault(directory: string): string | undefined {
  try {
    const isFolder = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
    return isFolder ? indexFault(directory) : 'is not a folder';
  } catch {
    return 'cannot be read';
  }
}

export const missingFrontend: Combination = {
  id: 'frontend-missing',
  when: '`frontend.directory` does not exist, is not a folder or has no `index.html` that is a file inside it: pages are not found',
  hint: 'build the app, or correct the path; a relative path starts at the working directory of the process',
  find: ({ config: { frontend } }) => {
    if (frontend?.directory === undefined) return [];
    const fault = folderFault(frontend.directory);
    return fault === undefined
      ? []
      : [`frontend.directory ${resolve(frontend.directory)} ${fault}: pages are not found`];
  },
};

export const hiddenFiles: Combination = {
  id: 'hidden-file',
  when: 'a file in `frontend.directory` has the path of an endpoint of the gateway',
  hint: 'rename the file or set endpoints.prefix',
  find: ({ config }) => {
    const directory = config.frontend?.directory;
    if (directory === undefined) return [];
    return reservedPaths(config)
      .filter((path) => existsSync(join(directory, path)))
      .map((path) => `the endpoint ${path} hides a file of the front end`);
  },
};

const LANDING_HINT = 'remove logout.landing, or set it to a page of the application; register its URL at the provider';

/** Why a sign-out must not end at this path; undefined if it may. */
function landingFault(config: Config, landing: string): string | undefined {
  const { signedOut } = endpointPaths(config.endpoints);
  if (landing === signedOut) return undefined;
  if (offeredEndpoints(config).some(({ path }) => path === landing)) return 'is an endpoint that is no page for it';
  const bare = offeredEndpoints({ ...config, endpoints: { prefix: '' } }).some(({ path }) => path === landing);
  if (bare) return `lacks the prefix: the page is ${signedOut}`;
  const isServed = config.routes.some((route) => isAtPublicUrl(route, config) && covers(route.path, landing));
  return isServed ? 'is a path of a route' : undefined;
}

const pathOfLanding = (config: Config) => landingPath(config).split(/[?#]/, 1)[0] ?? '';

export const landing: Combination = {
  id: 'landing',
  when: '`logout.landing` is a path of a route, another endpoint, or an endpoint without `endpoints.prefix`: the sign-out ends with an error',
  hint: LANDING_HINT,
  find: ({ config }) => {
    const path = pathOfLanding(config);
    const fault = landingFault(config, path);
    return fault === undefined ? [] : [`logout.landing ${path} ${fault}`];
  },
};

export const landingWithoutPage: Combination = {
  id: 'landing-not-found',
  when: '`logout.landing` is a page of the application and `frontend` is not set: the sign-out ends with 404',
  hint: LANDING_HINT,
  listener: true,
  find: ({ config }) => {
    const path = pathOfLanding(config);
    if (config.frontend || path === endpointPaths(config.endpoints).signedOut || landingFault(config, path)) return [];
    return [`logout.landing ${path} is not found: there is no front end`];
  },
};
