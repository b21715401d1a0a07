/** Pages as the gateway serves them: in the language of the browser, named for caches, with the right first action. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWorld } from '../support/world.ts';

const OPENED = {
  accept: 'text/html,*/*;q=0.8',
  'accept-language': 'de-AT,de;q=0.9,en;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

test('pages are in the language of the browser, and say so to caches; documents for programs stay English', async (t) => {
  const world = await startWorld(t);
  for (const [path, status, heading] of [
    ['/nothing-here', 404, 'Seite nicht gefunden'],
    ['/profile', 401, 'Bitte melden Sie sich an'],
    ['/signed-out', 200, 'Abgemeldet'],
  ] as const) {
    const page = await world.browser.fetch(path, { headers: OPENED });
    assert.equal(page.status, status, path);
    assert.ok(page.body.includes(`<h1>${heading}</h1>`), `${path}: ${/<h1>.*/.exec(page.body)}`);
    assert.match(page.body, /<html lang="de" dir="ltr">/);
    assert.equal(page.headers['content-language'], 'de');
    assert.match(String(page.headers.vary), /\bAccept-Language\b/);
  }
  const program = await world.browser.fetch('/profile', { headers: { 'accept-language': 'de' } });
  assert.deepEqual([program.json().title, program.headers['content-language']], ['Not signed in', undefined]);
});

test('the first action of a page whose API failed opens the same address again; a form is not sent again', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/wiki/**', upstream, kind: 'page' },
      { path: '/down/**', upstream: 'http://127.0.0.1:9', kind: 'page' },
    ],
  });
  await world.signIn();
  const headers = { ...OPENED, 'accept-language': 'en' };
  const failed = await world.browser.fetch('/down/a?b=1&c=2', { headers });
  assert.equal(failed.status, 502);
  const { origin } = new URL(world.gateway.url);
  assert.ok(
    failed.body.includes(`class="button primary" href="${origin}/down/a?b=1&amp;c=2">Try again</a>`),
    failed.body,
  );
  const form = await world.browser.fetch('/down/a', {
    method: 'POST',
    headers: { ...headers, origin, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' },
    body: 'x',
  });
  assert.equal(form.status, 502);
  assert.doesNotMatch(form.body, /Try again/);
  assert.match(form.body, /class="button primary" href="\/">Go to the application</);
});
