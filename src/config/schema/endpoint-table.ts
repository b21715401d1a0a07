/** Table of the gateway's own endpoints, one row each; routing, checks, metrics and documentation derive from it. */
import { protectedResource } from './protected-resource.ts';
import type { Config, ProviderConfig } from './schema.ts';

export type Method = 'GET' | 'POST';

interface EndpointRow {
  /** Path below `endpoints.prefix`, where `:name` matches one segment; a function returns a path outside the prefix. */
  readonly path: string | ((config: Pick<Config, 'publicUrl' | 'accessTokens'>) => string);
  /** A GET endpoint serves HEAD as well. */
  readonly methods: readonly Method[];
  /** One sentence for the documentation. */
  readonly description: string;
  /** Whether a sign-in may return here. Off by default: it could loop, or end at an address without a page. */
  readonly returnable?: true;
  /** Whether pages of listed origins (`cors.allowedOrigins`) may use it with credentials. */
  readonly crossOrigin?: true;
  /** Whether the endpoint sets its own Cache-Control. Off by default: responses must not be stored. */
  readonly cacheable?: true;
  /** Whether every provider has an endpoint of its own, so that a response of one provider is never taken for that of another. */
  readonly perProvider?: true;
  /** The configuration that offers a method, and for an endpoint of a provider that provider; by default all are always offered. */
  readonly offered?: (config: Config, method: Method, provider: ProviderConfig) => boolean;
}

export const ENDPOINTS = {
  login: {
    path: '/login',
    methods: ['GET'],
    description:
      'Starts a sign-in and redirects the browser to the provider, or returns the address as JSON to a script of the own origin.',
  },
  callback: {
    path: '/callback',
    methods: ['GET', 'POST'],
    description:
      'Completes a sign-in: the redirect URI to register at the provider. `POST` only with `provider.responseMode: form_post`.',
    perProvider: true,
    offered: (_config, method, { responseMode }) => method === 'GET' || responseMode === 'form_post',
  },
  logout: {
    path: '/logout',
    methods: ['GET', 'POST'],
    description: 'Ends the session, revokes its tokens and continues to the sign-out of the provider.',
    crossOrigin: true,
  },
  logoutContinue: {
    path: '/logout/continue',
    methods: ['GET'],
    description: 'Redirects a browser whose script signed out to the sign-out of the provider.',
  },
  signedOut: {
    path: '/signed-out',
    methods: ['GET'],
    description: 'Shows that the user is signed out: the post-logout redirect URI to register at the provider.',
  },
  signedIn: {
    path: '/signed-in',
    methods: ['GET'],
    description: 'Ends a sign-in in a popup: notifies the page that opened it and closes the window.',
    returnable: true,
  },
  profile: {
    path: '/profile',
    methods: ['GET'],
    description: 'Returns the claims of the ID token as JSON.',
    crossOrigin: true,
  },
  session: {
    path: '/session',
    methods: ['GET'],
    description: 'Returns whether the user is signed in and when the session expires, as JSON.',
    crossOrigin: true,
  },
  refreshSession: {
    path: '/session/refresh',
    methods: ['POST'],
    description: 'Refreshes the tokens of the session now and returns what `/session` returns.',
    crossOrigin: true,
  },
  sessions: {
    path: '/sessions',
    methods: ['GET'],
    description: 'Lists the sessions of the user, as a page or as JSON.',
    returnable: true,
  },
  revokeSession: {
    path: '/sessions/:id/revoke',
    methods: ['POST'],
    description: 'Ends one session of the user, or with `others` as the id all but the current one.',
  },
  backchannelLogout: {
    path: '/backchannel-logout',
    methods: ['POST'],
    description: 'Receives logout tokens of the provider and ends the sessions that they name.',
    perProvider: true,
  },
  frontchannelLogout: {
    path: '/frontchannel-logout',
    methods: ['GET'],
    description:
      'Ends the session of the browser when the provider loads it in a frame. Only with `logout.frontChannel`.',
    perProvider: true,
    offered: ({ logout }) => logout.frontChannel,
  },
  client: {
    path: '/client.js',
    methods: ['GET'],
    description: 'Serves the client module for the front end.',
    crossOrigin: true,
    cacheable: true,
  },
  pageLogo: {
    path: '/page-logo',
    methods: ['GET'],
    description: "Serves the logo of the gateway's own pages. Only with `pages.logo`.",
    cacheable: true,
    offered: ({ pages }) => pages.logo !== undefined,
  },
  protectedResource: {
    path: (config) => protectedResource(config).metadataPath,
    methods: ['GET'],
    description: 'Returns the metadata of the protected resource (RFC 9728). Only with `accessTokens`.',
    cacheable: true,
    offered: ({ accessTokens }) => accessTokens !== undefined,
  },
} as const satisfies Readonly<Record<string, EndpointRow>>;

type Endpoints = typeof ENDPOINTS;

export type EndpointName = keyof Endpoints;

/** The methods in the row of an endpoint. */
export type EndpointMethod<Name extends EndpointName> = Endpoints[Name]['methods'][number];

/** The endpoints whose path is below `endpoints.prefix`. */
export type PrefixedEndpoint = {
  [Name in EndpointName]: Endpoints[Name]['path'] extends string ? Name : never;
}[EndpointName];

/** The rows without their literal types, in the order of the table. */
export const ENDPOINT_ROWS = Object.entries<EndpointRow>(ENDPOINTS) as readonly (readonly [
  EndpointName,
  EndpointRow,
])[];
