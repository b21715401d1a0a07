/** The parameter `prompt` of a sign-in: lists that OpenID Connect allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWorld } from '../support/world.ts';

test('E19 prompt: none stands alone; other values may be combined', async (t) => {
  const world = await startWorld(t);
  const navigate = async (prompt: string) => {
    const browser = world.gateway.browser();
    const page = await browser.fetch(`/login?prompt=${encodeURIComponent(prompt)}`, {
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'none',
      },
    });
    return page.status;
  };
  for (const prompt of ['none login', 'login none', 'none none', 'none consent', 'none create', ' none', 'none '])
    assert.equal(await navigate(prompt), 400, prompt);
  for (const prompt of ['none', 'login', 'login consent', 'select_account', 'create', 'login create'])
    assert.equal(await navigate(prompt), 303, prompt);
});
