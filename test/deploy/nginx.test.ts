/** The nginx configuration of docs/deployment.md: nginx terminates TLS, and the gateway trusts its forwarded headers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LOOPBACK_CERTIFICATE, TEST_CA, TEST_KEY } from '../support/certificates.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { ROOT } from './dockerfile.ts';

interface NginxResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
}

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };

function send(port: number, path: string, headers: Record<string, string> = {}): Promise<NginxResponse> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', servername: 'localhost', ca: TEST_CA, port, path, agent: false as const };
    request({ ...options, headers: { host: 'shop.example.com', ...headers } }, (res) =>
      resolve({ status: res.resume().statusCode ?? 0, headers: res.headers }),
    )
      .once('error', reject)
      .end();
  });
}

/** Completes the block of the page to a configuration with free ports. */
function configuration(folder: string, port: number, gatewayPort: string): string {
  const page = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(page) ?? [];
  const adapted = block
    .replaceAll(/127\.0\.0\.1:300[12]\b/g, `127.0.0.1:${gatewayPort}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/ssl/shop.pem', join(folder, 'cert.pem'))
    .replace('/etc/ssl/shop.key', join(folder, 'key.pem'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  return `daemon off; worker_processes 1; pid pid; error_log stderr warn; events {}
http { access_log off; ${paths.join(' ')}
${adapted} }`;
}

test('sign-in starts behind nginx as documented, and clients cannot choose their forwarded address', async (t) => {
  const { gateway, upstream } = await startWorld(t, {
    routes: (origin) => [{ path: '/open/**', upstream: origin, rules: [{ token: 'none' }] }],
    gateway: { publicUrl: 'https://shop.example.com', config: { trustedProxies: ['127.0.0.1'] } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'bff-tls-'));
  mkdirSync(join(folder, 'conf'));
  writeFileSync(join(folder, 'cert.pem'), LOOPBACK_CERTIFICATE);
  writeFileSync(join(folder, 'key.pem'), TEST_KEY);
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, new URL(gateway.ownUrl).port));
  const nginx = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
  let messages = '';
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages += text;
  });
  t.after(async () => {
    nginx.kill('SIGTERM');
    await until(() => nginx.exitCode !== null || nginx.signalCode !== null, { what: 'nginx ends' });
    rmSync(folder, { recursive: true });
  });
  const responds = async () =>
    nginx.exitCode !== null || (await send(port, '/session').catch(() => undefined)) !== undefined;
  await until(responds, { what: 'nginx responds' });
  assert.equal(nginx.exitCode, null, messages);

  const login = await send(port, '/login', { accept: 'text/html', ...NAVIGATION });
  assert.equal(login.status, 303);
  assert.match(String(login.headers['set-cookie']), /^__Host-bff-login-.*; Secure/);

  const spoofed = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' };
  assert.equal((await send(port, '/open/x', spoofed)).status, 200);
  const seen = upstream.requests.at(-1);
  assert.equal(seen?.header('x-forwarded-for'), '127.0.0.1');
  assert.equal(seen?.header('x-forwarded-proto'), 'https');
  assert.equal(seen?.header('x-forwarded-host'), 'shop.example.com');
});
