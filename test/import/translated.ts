/** Runs a gateway with a translated configuration and compares its decisions with the original's. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import type { ImportFormat } from '../../src/import/formats.ts';
import { type ImportResult, importFrom } from '../../src/import/import.ts';
import { issuersOf } from '../../src/oidc/products/issuers.ts';
import { readFacts } from '../../src/oidc/products/read-facts.ts';
import { productOf } from '../../src/oidc/products/registry.ts';
import { sessionOf, signedIn, startDataPlane } from '../support/data-plane.ts';
import { startUpstream } from '../support/upstream.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

export const FILES = {
  readFile: (path: string) => readFileSync(join(SAMPLES, path), 'utf8'),
  listFiles: (path: string) => globSync('**/*.*', { cwd: join(SAMPLES, path) }),
};

/** The variables that the reports name. */
const ENV: Record<string, string> = {
  API_AUDIENCE: 'shop-api',
  GATEWAY_KEY: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx',
  OIDC_CLIENT_ID: 'shop-web',
  OIDC_CLIENT_SECRET: 'from-the-environment',
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_PRIVATE_KEY: 'from-the-environment',
  PUBLIC_URL: 'https://shop.example.com',
  REDIS_URL: 'redis://redis:6379',
};

/** Translates a sample. */
export const imported = (format: ImportFormat, sample: string, issuer?: string): ImportResult =>
  importFrom(format, `${format}/${sample}`, FILES, issuer);

/** Loads a configuration as `start` would. */
export const load = (yaml: string, env: Record<string, string> = {}): Config =>
  loadConfig({ file: 'gateway.yaml', text: yaml, env: { ...ENV, ...env }, readFile: () => '' }).config;

export interface Row {
  /** Method and path. */
  request: string;
  /** Claims of the token; undefined for a request without one. */
  claims?: Record<string, unknown> | undefined;
  /** The token belongs to a session. */
  session?: boolean;
  /** The decision of the original, by its documentation. */
  original: 'allowed' | 'refused';
  /** Why the gateway refuses what the original allows. */
  stricter?: string;
}

/** Replaces token validation: the issuer must be trusted, and the claims must be those of an access token. */
function readerOf(config: Config) {
  const trusted = [...issuersOf(config.provider), ...(config.accessTokens?.issuers ?? []).map(({ issuer }) => issuer)];
  const read = async (token: string) => {
    const claims: Record<string, unknown> = JSON.parse(Buffer.from(token, 'base64url').toString());
    const issuer = String(claims.iss);
    const product = productOf(issuer);
    if (!trusted.includes(issuer) || product.rejectionReason(claims) !== undefined)
      throw new GatewayError('invalid_token');
    return readFacts({ product, subjects: 'both', rolesClaim: undefined }, issuer, claims);
  };
  return {
    read,
    readSessionToken: ({ tokens }: { tokens: { accessToken: string } }) => read(tokens.accessToken),
    checkSessionToken: () => assert.fail(),
  };
}

/** Starts a data plane with a recording upstream behind every route. */
export async function startTranslated(config: Config) {
  const upstream = await startUpstream();
  const routes = config.routes.map((route) => ({ ...route, upstream: upstream.origin }));
  const tokens = config.accessTokens ? { tokens: readerOf(config) } : {};
  const plane = await startDataPlane({ ...config, routes }, undefined, tokens);
  return {
    /** The decision about a request; asserts that the upstream received it only if it was allowed. */
    async decide({ request, claims, session }: Omit<Row, 'original'>): Promise<'allowed' | 'refused'> {
      const [method = 'GET', path = '/'] = request.split(' ');
      const token = claims && Buffer.from(JSON.stringify(claims)).toString('base64url');
      if (session && token)
        plane.sessions.set('alice', sessionOf('alice', { accessToken: token, scope: String(claims?.scope ?? '') }));
      const credentials = token === undefined ? {} : session ? signedIn('alice') : { authorization: `Bearer ${token}` };
      upstream.requests.length = 0;
      const headers = { host: new URL(config.publicUrl).host, ...credentials };
      const { status, body } = await plane.call(path, { method, headers });
      assert.ok(status < 500, `${request}: ${status} ${body}`);
      assert.equal(upstream.requests.length, status === 200 ? 1 : 0);
      return status === 200 ? 'allowed' : 'refused';
    },
    async close() {
      await plane.close();
      await upstream.close();
    },
  };
}

/** Tests each row against the translation of a sample. */
export function testRows(
  format: ImportFormat,
  sample: string,
  rows: readonly Row[],
  env: Record<string, string> = {},
  issuer?: string,
): void {
  describe(`${format} ${sample}`, () => {
    let gateway: Awaited<ReturnType<typeof startTranslated>>;
    before(async () => {
      gateway = await startTranslated(load(imported(format, sample, issuer).yaml, env));
    });
    after(() => gateway.close());
    for (const row of rows) {
      const { request, claims, session, original, stricter } = row;
      const who =
        claims === undefined ? 'an anonymous client' : `${session ? 'session' : 'token'} ${JSON.stringify(claims)}`;
      const expected = stricter === undefined ? original : 'refused';
      test(`${request} by ${who.slice(0, 150)}: ${expected}${stricter === undefined ? '' : `, because ${stricter}`}`, async () => {
        assert.equal(await gateway.decide(row), expected);
      });
    }
  });
}

/** Tests that the rows contain enough decisions of both kinds that agree with the original. */
export function testSize(rows: readonly Row[]): void {
  test('at least 30 decisions agree with the original, and none allows more', () => {
    const agreeing = rows.filter(({ stricter }) => stricter === undefined);
    assert.ok(agreeing.length >= 30, String(agreeing.length));
    for (const original of ['allowed', 'refused'] as const)
      assert.ok(agreeing.filter((row) => row.original === original).length >= 8, original);
    assert.ok(rows.every(({ original, stricter }) => stricter === undefined || original === 'allowed'));
  });
}
