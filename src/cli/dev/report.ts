/** What `bff-gateway dev` prints at its start: addresses, users, and what to do next. */
import type { DevelopmentUser } from '../../testing/provider/options.ts';
import type { DevOptions } from './options.ts';

export interface DevReport {
  readonly options: DevOptions;
  readonly url: string;
  readonly issuer: string;
  readonly users: readonly DevelopmentUser[];
  /** Addresses that did not respond. */
  readonly silent: ReadonlySet<string>;
}

const aboutUser = ({ sub, name, email, roles = [] }: DevelopmentUser) =>
  `  ${sub.padEnd(10)} ${[name, email, roles.length === 0 ? undefined : `roles ${roles.join(', ')}`].filter((part) => part !== undefined).join(', ')}`.trimEnd();

function frontendOf({ frontend }: DevOptions): string | undefined {
  if (frontend === undefined) return undefined;
  return 'devServer' in frontend ? frontend.devServer : frontend.directory;
}

/** The text. */
export function devReport({ options, url, issuer, users, silent }: DevReport): string {
  const note = (address: string) => (silent.has(address) ? `${address} (does not respond yet)` : address);
  const frontend = frontendOf(options);
  const rows: [name: string, value: string][] = [
    ['app', url],
    ...(frontend === undefined ? [] : [['front end', note(frontend)] as [string, string]]),
    ...options.apis.map(({ path, upstream }): [string, string] => [`${path}/**`, note(upstream)]),
    ['sign-in', `${url}/login`],
    ['provider', `${issuer} (issuer of the access tokens)`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    'bff-gateway for development: plain HTTP, this machine only, no passwords; everything is forgotten at the end.',
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    'Users to choose at the sign-in:',
    ...users.map(aboutUser),
    '',
    'What to do next:',
    `  1. Open ${url} and follow a link to /login, or open ${url}/login.`,
    '  2. In the front end, send the header X-CSRF: 1 with each request to an API; GET /session says who is signed in.',
    '  3. `bff-gateway init` writes a configuration for your own provider.',
    '',
    'Ctrl+C stops it.',
    '',
  ].join('\n');
}
