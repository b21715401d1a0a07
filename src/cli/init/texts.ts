/** The texts of the files that `bff-gateway init` writes. */
import { isAbsolute, posix, relative } from 'node:path';
import { stringify } from 'yaml';
import type { Answers } from './answers.ts';
import { presetOf } from './providers.ts';

/** Names of the files. */
export const FILES = {
  config: 'gateway.yaml',
  key: 'session-key',
  secret: 'client-secret',
  compose: 'docker-compose.yml',
  ignore: '.gitignore',
  database: 'bff-sessions.db',
} as const;

const isPlain = (url: string) => url.startsWith('http:');

/** A value in one line of YAML; `${` is literal. */
const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true })
    .trimEnd()
    .replaceAll('${', '$$${');

/** The scopes that the provider has; all of them if its metadata lists none. */
function scopesOf({ provider, discovered }: Answers): readonly string[] {
  const supported = discovered?.scopes;
  return presetOf(provider).scopes.filter((scope) => scope === 'openid' || (supported?.includes(scope) ?? true));
}

/** The client authentication, if it is not `client_secret_basic`. */
function clientAuthOf({ provider, discovered }: Answers): string | undefined {
  const methods = discovered?.clientAuth ?? ['client_secret_basic'];
  if (!methods.includes('client_secret_basic') && methods.includes('client_secret_post')) return 'client_secret_post';
  return presetOf(provider).clientAuth;
}

function providerLines(answers: Answers): string[] {
  const { provider, issuer, clientId, secret, audience } = answers;
  const { kind } = presetOf(provider);
  const clientAuth = clientAuthOf(answers);
  return [
    'provider:',
    `  issuer: ${flow(issuer)} # as the provider spells it`,
    ...(kind === undefined ? [] : [`  kind: ${kind}`]),
    `  clientId: ${flow(clientId)}`,
    `  clientSecret: ${flow('text' in secret ? { file: FILES.secret } : secret)}`,
    ...(clientAuth === undefined ? [] : [`  clientAuth: ${clientAuth}`]),
    `  scopes: ${flow(scopesOf(answers))} # add the scopes of your APIs`,
    ...(audience === undefined
      ? []
      : [`  authorizationParams: ${flow({ audience })} # the API that access tokens are for`]),
  ];
}

const STORES: Readonly<Record<Answers['store'], string>> = {
  sqlite: `session: { store: { sqlite: { file: "\${SESSION_DB:-${FILES.database}}" } } } # one process; redis for several`,
  redis: `session: { store: { redis: { url: "\${REDIS_URL:-redis://127.0.0.1:6379}" } } } # shared by all replicas`,
};

function frontendLines({ frontend }: Answers): string[] {
  if (frontend === undefined) return ['# frontend: { directory: dist } # or { devServer: http://localhost:5173 }'];
  return [`frontend: ${flow(frontend)}`];
}

function routeLines({ apis }: Answers): string[] {
  if (apis.length === 0) return ['# routes: [{ path: /api/**, upstream: http://localhost:8080 }]'];
  const entries = apis.map(({ path, upstream }) => `  - ${flow({ path: `${path}/**`, upstream })}`);
  return [
    'routes: # for signed-in users, with their access token; rules can require scopes, roles or claims',
    ...entries,
  ];
}

/** The configuration. */
export function configText(answers: Answers): string {
  const { publicUrl, issuer } = answers;
  const port = new URL(publicUrl).port;
  return [
    '# Written by `bff-gateway init`. `bff-gateway check` prints every option with its default; docs/configuration.md explains them.',
    `publicUrl: ${flow(publicUrl)} # the address that users open`,
    ...(isPlain(publicUrl) && port !== '' && port !== '3000' ? [`listen: { port: ${port} }`] : []),
    ...(isPlain(publicUrl) || isPlain(issuer)
      ? ['development: { allowInsecureHttp: true } # plain HTTP, on this machine only; remove it in production']
      : ['trustedProxies: [] # addresses of the proxy in front, which terminates TLS, such as 10.0.0.0/8']),
    `secrets: { keys: [{ id: k1, file: ${FILES.key} }] } # seals cookies and sessions; the same at every replica`,
    ...providerLines(answers),
    STORES[answers.store],
    ...frontendLines(answers),
    ...routeLines(answers),
    '',
  ].join('\n');
}

const REDIS = `
  redis:
    image: redis:7-alpine
    # Sessions survive a restart of the container.
    command: [redis-server, --appendonly, "yes", --maxmemory-policy, noeviction]
    volumes: [redis:/data]
    restart: unless-stopped
`;

/** The files of secrets that the gateway reads. */
export const secretFiles = ({ secret }: Answers): readonly string[] => [
  FILES.key,
  ...('text' in secret ? [FILES.secret] : 'file' in secret ? [secret.file] : []),
];

/** Mounts a file where the configuration in the container finds it: relative paths start at its folder. */
function mountOf(file: string): string {
  if (isAbsolute(file)) return `${file}:${file}:ro`;
  const path = file.replaceAll('\\', '/').replace(/^\.\//, '');
  return `./${path}:${posix.join('/etc/bff-gateway', path)}:ro`;
}

/** The gateway in a container, with Redis if that is the store. */
export function composeText(answers: Answers): string {
  const { publicUrl, secret, store } = answers;
  const port = isPlain(publicUrl) ? new URL(publicUrl).port || '80' : '3000';
  const listen = isPlain(publicUrl) && port !== '80' ? port : '3000';
  const isRedis = store === 'redis';
  const environment = [
    isRedis ? 'REDIS_URL: redis://redis:6379' : 'SESSION_DB: /data/sessions.db',
    ...('env' in secret ? [`${secret.env}: \${${secret.env}:?}`] : []),
  ];
  const mounts = [FILES.config, ...secretFiles(answers)].map(mountOf);
  return `# Written by \`bff-gateway init\`: \`docker compose up\`. In a checkout of bff-gateway, \`docker build -t bff-gateway .\` builds the image.
# In the container, localhost is the container: use other names for the provider, the front end and the APIs.
services:
  gateway:
    image: bff-gateway
    # The owner of the files with secrets, which others cannot read.
    user: "\${UID:-1000}:\${GID:-1000}"
    environment:
${environment.map((line) => `      ${line}`).join('\n')}
    volumes:
${[...mounts, ...(isRedis ? [] : ['sessions:/data'])].map((line) => `      - ${flow(line)}`).join('\n')}
    ports: ["127.0.0.1:${port}:${listen}"]
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    stop_grace_period: 30s
    restart: unless-stopped
${isRedis ? `    depends_on: [redis]\n${REDIS}` : ''}
volumes:
  ${isRedis ? 'redis' : 'sessions'}:
`;
}

/** The pattern that names a file and no other: some characters have a meaning in `.gitignore`. */
const toPattern = (path: string) => path.replace(/[*?[\]!#]|\s$/g, '\\$&');

/** The lines that `.gitignore` needs: secrets and sessions in this folder. */
export function ignoreLines(answers: Answers): readonly string[] {
  const database = answers.store === 'sqlite' ? [`${FILES.database}*`] : [];
  const inFolder = secretFiles(answers)
    .map((file) => relative('', file).replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('../') && !isAbsolute(path))
    .map(toPattern);
  return [...inFolder, ...database];
}
