/** Rules that span several options: what lowers safety, contradicts itself, or could never work. */
import { isIP } from 'node:net';
import { storeFindings } from '../../store/open.ts';
import type { Config } from '../schema/schema.ts';
import { accessTokenFindings } from './access-tokens.ts';

import type { Finding } from './faults.ts';
import { productFindings } from './product.ts';
import { providerFindings } from './provider.ts';
import { routeFindings } from './routes.ts';

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const MIN_SECRET = 32;

function secretFindings({ secrets }: Config): Finding[] {
  const ids = secrets.keys.map(({ id }) => id);
  return secrets.keys.flatMap(({ id, value }, index) => [
    ...(Buffer.byteLength(value) < MIN_SECRET
      ? [
          {
            path: ['secrets', 'keys', index],
            message: `this key is shorter than ${MIN_SECRET} bytes`,
            hint: 'make one with: openssl rand -base64 48',
          },
        ]
      : []),
    ...(new Set(value).size < 10 || /change.?me|replace.?me|example|default|password/i.test(value)
      ? [
          {
            path: ['secrets', 'keys', index],
            message: 'this key is a sample or can be guessed',
            hint: 'make one with: openssl rand -base64 48',
          },
        ]
      : []),
    ...(ids.indexOf(id) !== index
      ? [{ path: ['secrets', 'keys', index, 'id'], message: 'this id is used twice' }]
      : []),
  ]);
}

function adminFindings({ admin }: Config): Finding[] {
  return admin.secret !== undefined && Buffer.byteLength(admin.secret) < MIN_SECRET
    ? [{ path: ['admin', 'secret'], message: `is shorter than ${MIN_SECRET} bytes`, hint: 'openssl rand -base64 48' }]
    : [];
}

function addressFindings({ publicUrl, provider, session, development, trustedProxies }: Config): Finding[] {
  const findings: Finding[] = [];
  const url = new URL(publicUrl);
  const http = url.protocol === 'http:';
  if (http && !(development.allowInsecureHttp && LOOPBACK.test(url.hostname))) {
    findings.push({
      path: ['publicUrl'],
      message: 'plain HTTP is for development on loopback only',
      hint: 'use https://, or localhost with development.allowInsecureHttp: true',
    });
  }
  if (provider.issuer.startsWith('http:') && !development.allowInsecureHttp) {
    findings.push({
      path: ['provider', 'issuer'],
      message: 'the issuer must be https://',
      hint: 'development.allowInsecureHttp: true allows it for development',
    });
  }
  const { name } = session.cookie;
  if (!http && name !== undefined && !name.startsWith('__Host-'))
    findings.push({ path: ['session', 'cookie', 'name'], message: 'the name must start with __Host-' });
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
        message: 'expected an IP address or a CIDR range such as 10.0.0.0/8',
      });
  }
  return findings;
}

function sessionFindings({ session }: Config): Finding[] {
  const findings: Finding[] = [];
  if (session.absoluteTimeout < session.idleTimeout)
    findings.push({ path: ['session', 'absoluteTimeout'], message: 'must not be shorter than idleTimeout' });
  return findings;
}

/** Everything that is wrong between options. */
export function validateConfig(config: Config): Finding[] {
  const frontend = config.frontend;
  return [
    ...secretFindings(config),
    ...adminFindings(config),
    ...addressFindings(config),
    ...providerFindings(config),
    ...productFindings(config),
    ...sessionFindings(config),
    ...storeFindings(config.session.store),
    ...routeFindings(config),
    ...accessTokenFindings(config),
    ...(frontend?.directory !== undefined && frontend.devServer !== undefined
      ? [{ path: ['frontend'], message: 'expected either directory or devServer' }]
      : []),
  ];
}

/** What works but lowers safety; printed at every start. */
export function securityWarnings(config: Config): string[] {
  return [
    ...(config.development.allowInsecureHttp ? ['development.allowInsecureHttp is on: for development only'] : []),
    ...(config.session.cookie.sameSite === 'lax' ? ['session.cookie.sameSite is lax: strict is safer'] : []),
    ...(config.provider.responseMode === 'form_post'
      ? ['provider.responseMode form_post makes the login cookie SameSite=None']
      : []),
    ...(config.trustedProxies.some((entry) => entry.endsWith('/0'))
      ? ['trustedProxies trusts everybody, so any client can claim any address']
      : []),
    ...config.routes
      .filter(({ setCookie }) => setCookie === 'forward')
      .map(({ path }) => `route ${path} passes Set-Cookie of its upstream`),
    ...config.routes
      .filter(({ cache }) => cache === 'upstream')
      .map(({ path }) => `route ${path} leaves caching to its upstream`),
    ...config.routes
      .filter(({ documents }) => documents === 'forward')
      .map(({ path }) => `route ${path} lets documents of its upstream run script with the rights of the application`),
  ];
}
