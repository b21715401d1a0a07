/** Checks that span several options. */
import { isIP } from 'node:net';
import { isLoopbackHost } from '../../base/loopback.ts';
import { storeFindings } from '../../store/open.ts';
import { shown } from '../fields/value-faults.ts';
import { sessionCookiePrefix } from '../schema/apps.ts';
import type { Config } from '../schema/schema.ts';
import { accessTokenFindings } from './access-tokens.ts';
import type { Finding } from './faults.ts';
import { frontendFindings } from './frontend.ts';
import { headerFindings } from './headers.ts';
import { repeatedHeaderFindings } from './lost-names.ts';
import { furtherOriginFindings } from './origins.ts';
import { pagesFindings } from './pages.ts';
import { productFindings } from './product.ts';
import { providerFindings } from './provider.ts';
import { routeFindings } from './routes.ts';
import { severalProvidersFindings } from './several-providers.ts';

const MIN_SECRET_BYTES = 32;
const KEY_HINT = 'create one with: openssl rand -base64 48';

function secretFindings({ secrets }: Config): Finding[] {
  const ids = secrets.keys.map(({ id }) => id);
  return secrets.keys.flatMap(({ id, value }, index) => [
    ...(Buffer.byteLength(value) < MIN_SECRET_BYTES
      ? [
          {
            path: ['secrets', 'keys', index],
            message: `this key is shorter than ${MIN_SECRET_BYTES} bytes`,
            hint: KEY_HINT,
          },
        ]
      : []),
    ...(Buffer.byteLength(value) >= MIN_SECRET_BYTES &&
    (new Set(value).size < 10 || /change.?me|replace.?me|example|default|password/i.test(value))
      ? [
          {
            path: ['secrets', 'keys', index],
            message: 'this key is a sample or easy to guess',
            hint: KEY_HINT,
          },
        ]
      : []),
    ...(ids.indexOf(id) !== index
      ? [
          {
            path: ['secrets', 'keys', index, 'id'],
            message: 'another key has this id',
            hint: 'write an id that no other key has',
          },
        ]
      : []),
  ]);
}

function adminFindings({ admin }: Config): Finding[] {
  return admin.secret !== undefined && Buffer.byteLength(admin.secret) < MIN_SECRET_BYTES
    ? [
        {
          path: ['admin', 'secret'],
          message: `this secret is shorter than ${MIN_SECRET_BYTES} bytes`,
          hint: KEY_HINT,
        },
      ]
    : [];
}

function addressFindings({ publicUrl, session, development, trustedProxies, listen }: Config): Finding[] {
  const findings: Finding[] = [];
  const url = new URL(publicUrl);
  const http = url.protocol === 'http:';
  if (http && !(development.allowInsecureHttp && isLoopbackHost(url.hostname))) {
    findings.push({
      path: ['publicUrl'],
      message: 'plain HTTP is allowed only on loopback, for development',
      hint: 'use https://, or localhost with development.allowInsecureHttp: true',
    });
  }
  if (http && listen.tls !== undefined)
    findings.push({
      path: ['publicUrl'],
      message: 'this is plain HTTP, but the public port speaks TLS (listen.tls)',
      hint: 'use https://, or remove listen.tls',
    });
  if (listen.redirect !== undefined && listen.tls === undefined)
    findings.push({
      path: ['listen', 'redirect'],
      message: 'the public port speaks plain HTTP, so there is nothing to redirect to',
      hint: 'set listen.tls, or remove listen.redirect; a proxy that terminates TLS can redirect',
    });
  const { name } = session.cookie;
  const prefix = sessionCookiePrefix({ session });
  if (!http && name !== undefined && !name.startsWith(prefix))
    findings.push({
      path: ['session', 'cookie', 'name'],
      message: `the name must start with ${prefix}`,
      hint: `write ${prefix}${name}`,
    });
  for (const [index, entry] of trustedProxies.entries()) {
    const [address = '', bits, rest] = entry.split('/');
    const family = isIP(address);
    const valid =
      family !== 0 &&
      rest === undefined &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
    if (!valid)
      findings.push({
        path: ['trustedProxies', index],
        message: `${shown(entry)} is neither an IP address nor a range`,
        hint: 'write one such as 10.0.0.1 or 10.0.0.0/8',
      });
  }
  return findings;
}

function sessionFindings({ session }: Config): Finding[] {
  const findings: Finding[] = [];
  if (session.absoluteTimeout < session.idleTimeout)
    findings.push({
      path: ['session', 'absoluteTimeout'],
      message: 'must not be shorter than idleTimeout',
      hint: 'write a longer one, or shorten idleTimeout',
    });
  return findings;
}

function tracingFindings({ tracing: { global, otlp, sample } }: Config): Finding[] {
  if (!global || (otlp === undefined && sample === undefined)) return [];
  return [
    {
      path: ['tracing', 'global'],
      message: 'the tracer provider of the application samples and exports the spans',
      hint: 'remove tracing.otlp and tracing.sample, or tracing.global',
    },
  ];
}

/** Findings that the schema cannot express. */
export function validateConfig(config: Config): Finding[] {
  return [
    ...secretFindings(config),
    ...adminFindings(config),
    ...addressFindings(config),
    ...providerFindings(config),
    ...productFindings(config),
    ...severalProvidersFindings(config),
    ...sessionFindings(config),
    ...tracingFindings(config),
    ...storeFindings(config.session.store),
    ...routeFindings(config),
    ...furtherOriginFindings(config),
    ...headerFindings(config),
    ...repeatedHeaderFindings(config),
    ...accessTokenFindings(config),
    ...frontendFindings(config),
    ...pagesFindings(config),
  ];
}
