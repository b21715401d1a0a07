/** The hosts that a front proxy names: all agree and are listed, or nothing is decided. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseApp } from '../../../src/proxy/forward-auth/choose-app.ts';
import { navigation, PREFIX, startAskedSite } from './asked-site.ts';

const OTHER = 'evil.example';

test('FA-03 hosts that agree and are known are the site; an unknown one is 403, and two that disagree are 400', async (t) => {
  const site = await startAskedSite(t, { allowedHosts: ['internal.example'] });
  await site.signIn();
  const own = site.host;
  const rows: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ 'x-original-host': own }, 200],
    [{ 'x-forwarded-host': own.toUpperCase() }, 200],
    [{ 'x-original-host': own, 'x-forwarded-host': own }, 200],
    [{ 'x-forwarded-host': `${own}, ${own}` }, 200],
    [{ 'x-original-host': 'internal.example' }, 200],
    [{ 'x-original-host': OTHER }, 403],
    [{ 'x-forwarded-host': OTHER }, 403],
    [{ 'x-forwarded-host': `${own}.` }, 403],
    [{ 'x-forwarded-host': `${own}.${OTHER}` }, 403],
    [{ 'x-forwarded-host': `${OTHER}, ${OTHER}` }, 403],
    [{ 'x-original-host': own, 'x-forwarded-host': OTHER }, 400],
    [{ 'x-original-host': own, 'x-forwarded-host': 'internal.example' }, 400],
    [{ 'x-original-host': 'a.example', 'x-forwarded-host': OTHER }, 400],
    [{ 'x-forwarded-host': `${own}, ${OTHER}` }, 400],
    [{ 'x-forwarded-host': '' }, 400],
    [{ 'x-forwarded-host': `${own}/x` }, 400],
    [{ 'x-original-host': `user@${own}` }, 400],
  ];
  for (const [headers, status] of rows) {
    const response = await site.about('/wiki', { ...navigation(), ...headers });
    assert.equal(response.status, status, JSON.stringify(headers));
    if (status === 403) assert.equal(JSON.parse(response.text).reason, 'no_app');
    if (status !== 200) assert.equal(response.header('x-webauth-user'), undefined);
  }
});

test('FA-03 Envoy names the site by Host', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const rows: [headers: Record<string, string>, status: number][] = [
    [{ host: site.host }, 200],
    [{ host: site.host, 'x-forwarded-host': site.host }, 200],
    [{ host: OTHER }, 403],
    [{ host: site.host, 'x-forwarded-host': OTHER }, 400],
    [{ host: OTHER, 'x-forwarded-host': site.host }, 400],
  ];
  for (const [headers, status] of rows) {
    const response = await site.ask('/auth/verify/wiki', headers);
    assert.equal(response.status, status, JSON.stringify(headers));
  }
});

test('FA-03 no text of a header is part of a redirect', async (t) => {
  const site = await startAskedSite(t, { allowedHosts: ['internal.example'] });
  const forged = ['x-original-host', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'forwarded'];
  for (const host of [site.host.toUpperCase(), 'internal.example', OTHER, `${site.host}@${OTHER}`])
    for (const name of forged) {
      const value = name === 'forwarded' ? `host=${host}` : host;
      const response = await site.about('/wiki', { ...navigation(), [name]: value }, '/auth/redirect');
      const location = response.header('location');
      assert.ok([303, 400, 403].includes(response.status), `${name} ${host}`);
      if (response.status === 303) assert.equal(location, `${site.url}${PREFIX}/login?returnTo=%2Fwiki`);
      else assert.equal(location, undefined);
      assert.doesNotMatch(response.text, /evil|internal/);
    }
});

test('FA-03 of several applications the one at the host is asked, and none where none is named', () => {
  const entries = new Map([
    ['a.test', { origin: 'https://a.test', app: 'A' }],
    ['b.test', { origin: 'https://b.test', app: 'B' }],
  ]);
  const choose = (...hosts: string[]) => chooseApp(hosts, (host) => entries.get(host)).app;
  assert.equal(choose('a.test'), 'A');
  assert.equal(choose('b.test', 'B.TEST'), 'B');
  assert.throws(() => choose('a.test', 'b.test'), { code: 'bad_request' });
  assert.throws(() => choose('a.test', 'c.test'), { code: 'bad_request' });
  assert.throws(() => choose('c.test'), { code: 'access_denied' });
  assert.throws(() => choose(), { code: 'access_denied' });
});
