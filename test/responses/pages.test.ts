/** Pages of the gateway: data is escaped, nothing is loaded from elsewhere, and the policy allows no unknown script. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createPages, type PageData, type PageName, type RenderedPage } from '../../src/responses/pages.ts';

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
const DATA: { [Name in PageName]: PageData[Name] } = {
  error: { title: HOSTILE, message: HOSTILE, requestId: HOSTILE, loginUrl: HOSTILE },
  unavailable: { title: HOSTILE, message: HOSTILE, requestId: HOSTILE, loginUrl: HOSTILE },
  'signed-out': { loginUrl: HOSTILE, providerUnreachable: true },
  'confirm-logout': {
    action: HOSTILE,
    token: HOSTILE,
    formTargets: ['https://id.example.com', "https://x; script-src 'unsafe-inline'"],
  },
  'choose-provider': { choices: [{ name: HOSTILE, url: HOSTILE }] },
  'signed-in': {},
  framed: {},
  hop: { to: HOSTILE },
  sessions: {
    sessions: [
      { id: HOSTILE, current: true, createdAt: HOSTILE, expiresAt: HOSTILE, device: HOSTILE, address: HOSTILE },
      { id: HOSTILE, current: false, createdAt: HOSTILE, expiresAt: HOSTILE },
    ],
    action: HOSTILE,
    token: HOSTILE,
  },
};
const pages = createPages();

/** The page and its policy without the script that the policy allows by its hash. */
function withoutOwnScript({ html, contentSecurityPolicy }: RenderedPage): RenderedPage {
  const script = /<script>([^<]*)<\/script>/.exec(html)?.[1];
  if (script === undefined) return { html, contentSecurityPolicy };
  const source = ` script-src 'sha256-${createHash('sha256').update(script).digest('base64')}';`;
  assert.ok(contentSecurityPolicy.includes(source), 'the policy allows the script');
  return {
    html: html.replace(`<script>${script}</script>`, ''),
    contentSecurityPolicy: contentSecurityPolicy.replace(source, ''),
  };
}

for (const name of Object.keys(DATA) as PageName[]) {
  test(`R32 the page ${name} escapes its data, and its policy allows no unknown script`, () => {
    const { html, contentSecurityPolicy } = withoutOwnScript(pages.render(name, DATA[name]));
    assert.doesNotMatch(html, /<script|<img src=x|onerror=alert\(1\)>/);
    assert.match(contentSecurityPolicy, /^default-src 'none'/);
    assert.doesNotMatch(contentSecurityPolicy, /unsafe|script-src/);
    assert.match(contentSecurityPolicy, name === 'framed' ? /frame-ancestors \*/ : /frame-ancestors 'none'/);
  });

  test(`the page ${name} is complete: language, title, heading, nothing from other origins`, () => {
    const { html } = pages.render(name, DATA[name]);
    assert.match(html, /<html lang="en"/);
    assert.match(html, /<title>[^<]+<\/title>/);
    assert.equal(html.match(/<h1/g)?.length, 1);
    assert.match(html, /<main/);
    assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
  });
}

test('only the page that ends a sign-in in a popup and the list of sessions have a script, without data', () => {
  const scripted = (Object.keys(DATA) as PageName[]).filter((name) =>
    /<script/.test(pages.render(name, DATA[name]).html),
  );
  assert.deepEqual(scripted, ['signed-in', 'sessions']);
});

test('an error page shows the correlation id and a link to sign in', () => {
  const { html } = pages.render('error', {
    title: 'Sign-in failed',
    message: 'It did not work.',
    requestId: 'abc-123',
    loginUrl: '/login',
  });
  assert.match(html, /abc-123/);
  assert.match(html, /href="\/login"/);
});

test('a form may redirect to the provider, and to nothing that is not an origin', () => {
  const { contentSecurityPolicy } = pages.render('confirm-logout', DATA['confirm-logout']);
  assert.match(contentSecurityPolicy, /form-action 'self' https:\/\/id\.example\.com;/);
});
