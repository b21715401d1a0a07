/** The options of the development provider: its users and its client, checked before it listens. */
import { randomBytes } from 'node:crypto';
import { isLoopbackHost } from '../../base/loopback.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';

/** A user who can be chosen at the development provider. */
export interface DevelopmentUser {
  /** Subject identifier, unique among the users. */
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** The scopes of APIs that this user can get; without it, all that the provider has. */
  readonly scopes?: readonly string[];
  /** Further claims of ID token, access token and UserInfo. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The one client of the development provider. */
export interface DevelopmentClient {
  readonly id: string;
  /** Default: a random secret, which the started provider returns. */
  readonly secret?: string;
  /** Where a sign-in may end, compared exactly. Without it, every address of this machine. */
  readonly redirectUris?: readonly string[];
  /** Where a sign-out may end, compared exactly. Without it, every address of this machine. */
  readonly postLogoutRedirectUris?: readonly string[];
}

/** Lifetimes in seconds. */
export interface DevelopmentLifetimes {
  /** Default: 300. */
  readonly accessToken?: number;
  /** Default: 300. */
  readonly idToken?: number;
  /** From one refresh to the next. Default: 28,800. */
  readonly refreshToken?: number;
  /** Of the session at the provider. Default: 28,800. */
  readonly session?: number;
}

export interface DevelopmentProviderOptions {
  readonly users: readonly DevelopmentUser[];
  readonly client: DevelopmentClient;
  /** Default: a free port. */
  readonly port?: number;
  /** A host or address of this machine; any other is refused. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Audience of access tokens for a request without `resource` (RFC 8707). Default: the client ID. */
  readonly audience?: string | readonly string[];
  /** The scopes of APIs beside those of OpenID Connect. Without it, each requested scope exists. */
  readonly scopes?: readonly string[];
  readonly lifetimes?: DevelopmentLifetimes;
  /** Milliseconds since the epoch. Default: the real clock. */
  readonly clock?: () => number;
  /** Receives one line for the start and for each sign-in and sign-out; never a token. */
  readonly logTo?: { write(line: string): void };
}

/** Options with their defaults. */
export interface ProviderSettings {
  readonly users: readonly DevelopmentUser[];
  readonly client: Required<Pick<DevelopmentClient, 'id' | 'secret'>> & DevelopmentClient;
  readonly port: number;
  readonly host: string;
  readonly audience: readonly string[] | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly lifetimes: Required<DevelopmentLifetimes>;
  readonly clock: () => number;
  readonly log: (line: string) => void;
}

/** Claims that the provider sets itself (RFC 7519, RFC 9068 section 2.2, OpenID Connect Core section 2). */
const OWN_CLAIMS = new Set(
  'iss sub aud exp iat nbf jti nonce sid azp client_id scope auth_time acr at_hash c_hash cnf typ'.split(' '),
);

const HOUR = 3600;

/** What the members of a user must be; users may come from a file. */
const MEMBERS: readonly (readonly [
  members: readonly (keyof DevelopmentUser)[],
  type: string,
  (value: unknown) => boolean,
])[] = [
  [['name', 'email'], 'a text', (value) => typeof value === 'string'],
  [
    ['roles', 'groups', 'scopes'],
    'a list of texts',
    (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  ],
  [['claims'], 'an object', isRecord],
];

function checkUser(user: DevelopmentUser, index: number): void {
  if (typeof user.sub !== 'string' || user.sub === '' || user.sub.length > 255)
    throw new Error(`users[${index}].sub is required: a text of 1 to 255 characters`);
  for (const [members, type, isValid] of MEMBERS)
    for (const name of members)
      if (user[name] !== undefined && !isValid(user[name])) throw new Error(`users[${index}].${name} must be ${type}`);
  const known = new Set(['sub', ...MEMBERS.flatMap(([members]) => members)]);
  const unknown = Object.keys(user).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new Error(`users[${index}].${unknown} is unknown: write further claims of the user under claims`);
  const own = Object.keys(user.claims ?? {}).find((name) => OWN_CLAIMS.has(name));
  if (own !== undefined)
    throw new Error(`users[${index}].claims.${own} is set by the provider itself; remove it from the user ${user.sub}`);
}

function checkUsers(users: readonly DevelopmentUser[]): void {
  if (users.length === 0) throw new Error('users is empty: the development provider needs at least one user');
  users.forEach(checkUser);
  const subs = users.map(({ sub }) => sub);
  const twice = subs.find((sub, index) => subs.indexOf(sub) !== index);
  if (twice !== undefined) throw new Error(`two users have the sub ${twice}; each user needs a sub of its own`);
}

function checkLifetimes(lifetimes: DevelopmentLifetimes): void {
  const entry = Object.entries(lifetimes).find(([, seconds]) => !(typeof seconds === 'number' && seconds > 0));
  if (entry) throw new Error(`lifetimes.${entry[0]} must be a number of seconds above 0`);
}

function checkUris(name: string, uris: readonly string[] = []): void {
  const bad = uris.find((uri) => !/^https?:$/.test(URL.parse(uri)?.protocol ?? '') || uri.includes('#'));
  if (bad !== undefined) throw new Error(`client.${name}: ${bad} is not an http or https URL without fragment`);
}

/** Returns the options with their defaults. Throws an Error that names the option. */
export function readOptions(options: DevelopmentProviderOptions): ProviderSettings {
  const { users, client, port = 0, host = '127.0.0.1', audience, scopes, lifetimes, clock = Date.now } = options;
  if (!isLoopbackHost(host))
    throw new Error(
      `host ${host} is not an address of this machine alone: the development provider has no passwords, so it listens on 127.0.0.1, ::1 or localhost only`,
    );
  if (client.id === '') throw new Error('client.id is empty');
  checkUsers(users);
  checkLifetimes(lifetimes ?? {});
  checkUris('redirectUris', client.redirectUris);
  checkUris('postLogoutRedirectUris', client.postLogoutRedirectUris);
  return {
    users,
    client: { ...client, secret: client.secret ?? randomBytes(32).toString('base64url') },
    port,
    host: host.replace(/^\[|\]$/g, ''),
    audience: audience === undefined ? undefined : [audience].flat(),
    scopes,
    lifetimes: { accessToken: 300, idToken: 300, refreshToken: 8 * HOUR, session: 8 * HOUR, ...lifetimes },
    clock,
    log: (line) => options.logTo?.write(`${line}\n`),
  };
}
