/** The id of a provider is given to another issuer at a reload: nothing of the first one reaches the second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';
import { entryOf, sessionOf, signInAt } from './support.ts';

/** Forms that the provider received at the endpoints that only the gateway asks. */
const received = ({ requests }: Provider) =>
  [...requests.token, ...requests.revocation].map(({ params }) => params.toString());

test('PV-02 an issuer that takes over the id of another one gets none of its sessions, tokens and codes', async (t) => {
  const [one, two, three, upstream] = await Promise.all([
    startProvider(),
    startProvider(),
    startProvider(),
    startUpstream(),
  ]);
  t.after(() => Promise.all([one.stop(), two.stop(), three.stop(), upstream.close()]).then(() => undefined));
  // Without RFC 9207 the callback does not tell where the code is from.
  for (const { behaviour } of [two, three])
    behaviour.metadata = ({ authorization_response_iss_parameter_supported: _, ...metadata }) => metadata;
  const config = {
    session: { store: { sqlite: { file: ':memory:' } } },
    log: { level: 'info' as const },
    routes: [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'user' as const, providers: ['two'] }] }],
  };
  const first = entryOf(one, { id: 'default' });
  const gateway = await startProcess(t, {
    provider: one,
    config: { ...config, provider: undefined, providers: [first, entryOf(two, { id: 'two' })] },
  });
  const [signedIn, signingIn, leaving] = [gateway.browser(), gateway.browser(), gateway.browser()];
  await signInAt(signedIn, 'two');
  await signInAt(leaving, 'two');
  const { stoppedAt } = await signingIn.navigate('/login?provider=two&returnTo=/app', {
    stopAt: (url) => url.pathname === '/callback/two',
  });
  assert.ok(stoppedAt);
  stoppedAt.searchParams.delete('iss');
  // A revocation that is still due after the reload.
  two.behaviour.revocation = () => ({ status: 503, headers: {}, json: {} });
  await leaving.fetch('/logout', { method: 'POST', headers: { ...CSRF, accept: 'application/json' } });
  await until(() => two.requests.revocation.length > 0, { what: 'the first attempt of the revocation' });

  gateway.configure({ ...config, provider: undefined, providers: [first, entryOf(three, { id: 'two' })] });
  gateway.signal('SIGHUP');
  const applied = async () =>
    (await scrape(gateway.adminUrl)).value('bff_config_reloads_total{app="main",outcome="applied"}');
  await until(async () => (await applied()) === 1, { what: 'the reload' });
  const callback = await signingIn.navigate(stoppedAt.href, { from: `${two.issuer}/x` });
  assert.equal(callback.status, 400);
  assert.equal((await signedIn.fetch('/api/x', { headers: CSRF })).status, 401);
  assert.equal((await sessionOf(signedIn)).authenticated, false);
  assert.equal(upstream.requests.length, 0);
  await until(() => received(three).length > 0 || /no provider has this id and issuer/.test(gateway.output()), {
    what: 'the next attempt of the revocation',
  });
  assert.deepEqual(received(three), []);
});
