/** Long lists in header fields: the time to rewrite them grows with their length, not with its square. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestHeaderRewriter } from '../../../src/proxy/headers/request-headers.ts';
import { createResponseHeaderRewriter } from '../../../src/proxy/headers/response-headers.ts';
import { configOf, contextOf, firstRoute } from '../../support/route-fixtures.ts';

const config = configOf([{ setCookie: 'forward', cache: 'upstream' }]);
const rewriteResponse = createResponseHeaderRewriter(config, firstRoute(config));
const rewriteRequest = createRequestHeaderRewriter(config);
const repeat = (count: number, line: (n: number) => [string, string]) =>
  Array.from({ length: count }, (_, n) => line(n)).flat();

/** The CPU time of the process in milliseconds, the least of many runs: other processes and pauses only add to it. */
function cost(run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 20; n += 1) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** Far above what a linear pass takes, far below what a quadratic one does. */
const LIMIT_MS = 100;
const list = (n: number) => Array.from({ length: n }, (_, index) => index.toString(36)).join(',');
// Ten times the size of a head that the gateway accepts, so that a quadratic pass takes a hundred times as long.
const many = 20_000;

const RESPONSES: Record<string, string[]> = {
  'one long Connection beside many fields': [...repeat(many, (n) => [`x-${n % 500}`, '1']), 'connection', list(many)],
  'many Connection fields': repeat(many, (n) => ['connection', `x-${n}`]),
  'one long Vary': ['vary', list(many)],
  'many Vary fields': repeat(many, (n) => ['vary', `x-${n}`]),
  'many Set-Cookie fields': repeat(many, (n) => ['set-cookie', `a${n}=1`]),
  'many Cache-Control fields': repeat(many, () => ['cache-control', 'private']),
};
for (const [what, raw] of Object.entries(RESPONSES))
  test(`D17 a response with ${what} costs little time`, () => {
    const ms = cost(() => rewriteResponse(raw, { caller: 'user', requestId: 'r', cors: {} }));
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });

const REQUESTS: Record<string, string[]> = {
  'one long Connection beside many fields': RESPONSES['one long Connection beside many fields'] ?? [],
  'many Connection fields': RESPONSES['many Connection fields'] ?? [],
  'many Cookie fields': repeat(many, (n) => ['cookie', `a${n}=1`]),
};
for (const [what, raw] of Object.entries(REQUESTS))
  test(`D17 a request with ${what} costs little time`, () => {
    const context = contextOf([]);
    Object.assign(context.req, { rawHeaders: raw });
    const ms = cost(() => rewriteRequest(context, { host: 'orders:8080', requestCookies: 'forward' }));
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });
