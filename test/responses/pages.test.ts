/** Pages of the gateway: data is escaped, nothing is loaded from elsewhere, and the policy allows no unknown script. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { CATALOGS, MESSAGE_KEYS, placeholdersOf } from '../../src/responses/messages/catalogs.ts';
import { createPages, type PageData, type PageName, type RenderedPage } from '../../src/responses/pages.ts';

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
const DATA: { [Name in PageName]: PageData[Name] } = {
  error: {
    situation: 'internal',
    requestId: HOSTILE,
    action: { label: 'action.sign-in', url: HOSTILE },
    detail: HOSTILE,
  },
  unavailable: { situation: 'unavailable', requestId: HOSTILE, action: { label: 'action.try-again', url: HOSTILE } },
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
const pages = createPages({ name: HOSTILE });
const LANGUAGES = ['en', 'de', 'fr', 'es'];
const NAMES = Object.keys(DATA) as PageName[];

/** The page and its policy without the script that the policy allows by its hash. */
function withoutOwnScript({ html, contentSecurityPolicy }: RenderedPage): Omit<RenderedPage, 'language'> {
  const script = /<script>([^<]*)<\/script>/.exec(html)?.[1];
  if (script === undefined) return { html, contentSecurityPolicy };
  const source = ` script-src 'sha256-${createHash('sha256').update(script).digest('base64')}';`;
  assert.ok(contentSecurityPolicy.includes(source), 'the policy allows the script');
  return {
    html: html.replace(`<script>${script}</script>`, ''),
    contentSecurityPolicy: contentSecurityPolicy.replace(source, ''),
  };
}

for (const name of NAMES) {
  test(`R32 the page ${name} escapes its data, and its policy allows no unknown script`, () => {
    const { html, contentSecurityPolicy } = withoutOwnScript(pages.render(name, DATA[name], undefined));
    assert.doesNotMatch(html, /<script|<img src=x|onerror=alert\(1\)>/);
    assert.match(contentSecurityPolicy, /^default-src 'none'/);
    assert.doesNotMatch(contentSecurityPolicy, /unsafe|script-src/);
    assert.match(contentSecurityPolicy, name === 'framed' ? /frame-ancestors \*/ : /frame-ancestors 'none'/);
  });

  for (const language of LANGUAGES)
    test(`the page ${name} is complete in ${language}: language, title, heading, nothing from other origins`, () => {
      const { html, language: rendered } = pages.render(name, DATA[name], language);
      assert.equal(rendered, language);
      assert.ok(html.includes(`<html lang="${language}" dir="ltr"`));
      assert.match(html, /<title>[^<]+<\/title>/);
      assert.equal(html.match(/<h1/g)?.length, 1);
      assert.match(html, /<main/);
      assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
      assert.doesNotMatch(html.replace(/<style>.*?<\/style>/s, ''), /undefined|\{\w+\}|error\.|action\./);
    });
}

test('only the page that ends a sign-in in a popup and the list of sessions have a script, without data', () => {
  const scripted = NAMES.filter((name) => /<script/.test(pages.render(name, DATA[name], undefined).html));
  assert.deepEqual(scripted, ['signed-in', 'sessions']);
});

test('an error page shows the correlation id and a link to sign in', () => {
  const data = { situation: 'sign-in-failed', requestId: 'abc-123' } as const;
  const { html } = pages.render('error', { ...data, action: { label: 'action.sign-in', url: '/login' } }, undefined);
  assert.match(html, /<code dir="ltr">abc-123<\/code>/);
  assert.match(html, /class="button primary" href="\/login">Sign in</);
});

test('an error page without a first action leads to the application', () => {
  const { html } = createPages().render('error', { situation: 'not-found', requestId: 'abc' }, undefined);
  assert.match(html, /class="button primary" href="\/">Go to the application</);
  assert.equal(html.match(/class="button/g)?.length, 1);
});

test('a form may redirect to the provider, and to nothing that is not an origin', () => {
  const { contentSecurityPolicy } = pages.render('confirm-logout', DATA['confirm-logout'], undefined);
  assert.match(contentSecurityPolicy, /form-action 'self' https:\/\/id\.example\.com;/);
});

test('no text for users has words of developers', () => {
  const jargon =
    /\b(OIDC|OpenID|OAuth|CSRF|HTTP|token|endpoint|header|parameter|provider|upstream|gateway|redirect|origin|proxy|state)\b/i;
  const found = Object.entries(CATALOGS).flatMap(([language, messages]) =>
    Object.entries(messages)
      .filter(([, text]) => jargon.test(text))
      .map(([key]) => `${language} ${key}`),
  );
  assert.deepEqual(found, []);
});

test('every language fills the same values into a text', () => {
  for (const [language, messages] of Object.entries(CATALOGS))
    for (const key of MESSAGE_KEYS) {
      assert.deepEqual(placeholdersOf(messages[key]), placeholdersOf(CATALOGS.en?.[key] ?? ''), `${language} ${key}`);
      assert.notEqual(messages[key].trim(), '');
    }
});

test('times of sessions name their zone, in the language of the page', () => {
  const listed = {
    id: 'a',
    current: true,
    createdAt: '2026-11-25T09:30:00.000Z',
    expiresAt: '2026-11-25T17:30:00.000Z',
  };
  const timeIn = (timeZone: string | undefined, language: string) => {
    const data = { sessions: [listed], action: '/sessions', token: 'x' };
    const { html } = createPages({ timeZone }).render('sessions', data, language);
    return /<time datetime="2026-11-25T09:30:00.000Z">([^<]*)</.exec(html)?.[1];
  };
  assert.equal(timeIn(undefined, 'en'), 'November 25, 2026 at 9:30 AM UTC');
  assert.equal(timeIn(undefined, 'de'), '25. November 2026 um 09:30 UTC');
  assert.equal(timeIn('America/Bogota', 'es'), '25 de noviembre de 2026 a las 4:30 GMT-5');
});
