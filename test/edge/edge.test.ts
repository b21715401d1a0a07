/** The edge as a whole: which requests get a context, the order of the checks, and which request ids are accepted. */
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { MAIN_APP } from '../../src/config/schema/app-identity.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { createArrive } from '../../src/edge/arrival.ts';
import { createEdge } from '../../src/edge/edge.ts';
import { createLogger } from '../../src/observe/log.ts';

const PUBLIC = 'https://shop.example.com';

interface Call {
  url?: string;
  method?: string;
  host?: string | undefined;
  headers?: Record<string, string>;
  from?: string;
}

function request({ url = '/api/x?y', method = 'GET', headers = {}, from = '203.0.113.9', ...rest }: Call = {}) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  const host = 'host' in rest ? rest.host : 'shop.example.com';
  const fields = { ...(host === undefined ? {} : { host }), ...headers };
  const named = Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]);
  return Object.assign(new IncomingMessage(socket), {
    url,
    method,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    httpVersion: '1.1',
    headers: Object.fromEntries(named),
    rawHeaders: Object.entries(fields).flat(),
  });
}

function edgeWith(
  changes: Partial<Pick<Config, 'publicUrl' | 'allowedHosts' | 'trustedProxies'>> = {},
  lines: string[] = [],
) {
  let ids = 0;
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const config = { publicUrl: PUBLIC, allowedHosts: [], trustedProxies: [], app: MAIN_APP, ...changes };
  const arrive = createArrive({ config, log, newId: () => `own-id-${++ids}` });
  return createEdge({ apps: [{ config }], arrive });
}

test('an ordinary request gets a context', () => {
  const req = request();
  const { target, log, app, ...context } = edgeWith()(req);
  assert.equal(app.config.publicUrl, PUBLIC);
  assert.equal(typeof log.info, 'function');
  assert.deepEqual(context, { req, id: 'own-id-1', clientIp: '203.0.113.9', secure: false, access: undefined });
  assert.deepEqual([target.raw, target.path, target.query], ['/api/x?y', '/api/x', '?y']);
});

const REFUSALS: [string, Call, string][] = [
  ['PX-08 framing', { headers: { 'Content-Length': '1', 'Transfer-Encoding': 'chunked' } }, 'bad_request'],
  ['PX-13 TRACE', { method: 'TRACE' }, 'method_not_allowed'],
  ['PX-12 no Host', { host: undefined }, 'bad_request'],
  ['PX-12 R20 a foreign Host', { host: 'evil.example' }, 'misdirected'],
  [
    'PX-12 R20 a foreign Host beside forwarded ones',
    { host: 'evil.example', headers: { 'X-Forwarded-Host': 'shop.example.com' } },
    'misdirected',
  ],
  ['PX-01 a foreign absolute target', { url: 'https://evil.example/api/x' }, 'misdirected'],
  ['PX-12 an absolute target that Host contradicts', { url: `${PUBLIC}/api/x`, host: 'evil.example' }, 'misdirected'],
  ['R30 dot segments', { url: '/api/../x' }, 'ambiguous_path'],
  ['PX-03 a fragment', { url: '/api/x#/public' }, 'bad_request'],
];
for (const [what, call, code] of REFUSALS)
  test(`${what}: ${code}`, () => assert.throws(() => edgeWith()(request(call)), { code }));

test('PX-12 another accepted host does not serve absolute targets of the public origin', () => {
  const edge = edgeWith({ allowedHosts: ['internal:8443'] });
  assert.equal(edge(request({ host: 'internal:8443' })).target.raw, '/api/x?y');
  assert.throws(() => edge(request({ host: 'internal:8443', url: `${PUBLIC}/api/x` })), { code: 'bad_request' });
  assert.equal(edge(request({ url: `${PUBLIC}/api/x` })).target.raw, '/api/x');
});

test('PX-11 a trusted proxy sets client address, scheme and request id; other peers do not', () => {
  const headers = { 'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'proxy-id-1' };
  const facts = (trustedProxies: string[]) => {
    const { id, clientIp, secure } = edgeWith({ trustedProxies })(request({ from: '10.0.0.1', headers }));
    return [id, clientIp, secure];
  };
  assert.deepEqual(facts(['10.0.0.0/8']), ['proxy-id-1', '198.51.100.7', true]);
  assert.deepEqual(facts(['192.0.2.0/24']), ['own-id-1', '10.0.0.1', false]);
  assert.deepEqual(facts([]), ['own-id-1', '10.0.0.1', false]);
});

test('PX-11 X-Forwarded-Host, -Port, -Prefix, -Uri and rewritten URLs never change the target, even from a trusted proxy', () => {
  const names = ['Host', 'Port', 'Prefix', 'Uri', 'Path', 'Method', 'Server'].map((name) => `X-Forwarded-${name}`);
  const spoofed = [...names, 'X-Original-URL', 'X-Rewrite-URL', 'X-Original-Host', 'X-HTTP-Method-Override', 'X-Host'];
  const headers = Object.fromEntries(spoofed.map((name) => [name, '/admin']));
  const edge = edgeWith({ trustedProxies: ['203.0.113.9'] });
  const { target, req } = edge(request({ headers: { ...headers, Forwarded: 'host=evil.example' } }));
  assert.deepEqual(target, edge(request()).target);
  assert.equal(req.method, 'GET');
});

test('LG-03 only a request id of allowed characters is accepted, also from a trusted proxy', () => {
  const edge = edgeWith({ trustedProxies: ['10.0.0.1'] });
  const idOf = (id: string) => edge(request({ from: '10.0.0.1', headers: { 'X-Request-Id': id } })).id;
  for (const id of ['abcdefgh', 'A.b_c-12', 'x'.repeat(64)]) assert.equal(idOf(id), id);
  for (const id of [
    'short',
    'x'.repeat(65),
    'has space',
    'a\r\nb: cdefgh',
    '\u001b[31mabcdefgh',
    'abcdefgh"',
    'abcdefgh, ijklmnop',
    '',
  ])
    assert.match(idOf(id), /^own-id-\d$/, JSON.stringify(id));
});

test('every request has an arrival before any check, and a refusal has the same id', () => {
  const lines: string[] = [];
  const edge = edgeWith({ trustedProxies: ['10.0.0.1'] }, lines);
  const req = request({ url: '\\', host: undefined, from: '10.0.0.1', headers: { 'X-Forwarded-For': '198.51.100.7' } });
  const arrival = edge.arrive(req);
  assert.equal(arrival.clientIp, '198.51.100.7');
  assert.throws(() => edge(req), { code: 'bad_request' });
  arrival.log.info('refused');
  assert.equal(JSON.parse(lines.at(-1) ?? '{}').requestId, arrival.id);
  const again = request();
  const known = edge.arrive(again);
  assert.equal(edge(again).id, known.id);
});
