/** The language of a page: quality values, regions, scripts, wildcards, and texts of its own for a language from right to left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChooseLanguage } from '../../src/responses/languages.ts';
import { createPages } from '../../src/responses/pages.ts';

const OWN = {
  ar: { 'signed-out.title': 'تم تسجيل الخروج', 'sessions.since-from': 'منذ {time} من {address}' },
  'zh-Hant': { 'signed-out.title': '已登出' },
  'zh-Hans': { 'signed-out.title': '已退出' },
  'pt-BR': { 'signed-out.title': 'Sessão encerrada' },
  he: {},
};

const CASES: readonly (readonly [header: string | undefined, expected: string, dir?: string])[] = [
  [undefined, 'en'],
  ['', 'en'],
  ['de', 'de'],
  ['DE-at', 'de'],
  ['fr-CA, fr;q=0.9, en;q=0.8', 'fr'],
  ['en;q=0.5, es;q=0.7, fr;q=0.6', 'es'],
  ['nl, de;q=0.1', 'de'],
  ['nl, pl', 'en'],
  ['*', 'en'],
  ['en;q=0, *', 'de'],
  ['de;q=0, de-CH;q=0, fr', 'fr'],
  ['zh-TW', 'zh-Hant'],
  ['zh-Hant-HK', 'zh-Hant'],
  ['zh', 'zh-Hans'],
  ['zh-CN, en;q=0.5', 'zh-Hans'],
  ['pt', 'pt-BR'],
  ['pt-PT', 'pt-BR'],
  ['ar-EG', 'ar', 'rtl'],
  ['iw', 'he', 'rtl'],
  ['sr-Latn, de;q=0.5', 'de'],
  ['%%%, ;;q=x, de', 'de'],
  ['a'.repeat(5000), 'en'],
  [`de,${'nl,'.repeat(5000)}`, 'de'],
  [`${'nl,'.repeat(5000)}de`, 'en'],
];

for (const [header, expected, dir = 'ltr'] of CASES)
  test(`Accept-Language ${header?.slice(0, 40)} gets ${expected}`, () => {
    const chosen = createChooseLanguage(OWN)(header);
    assert.deepEqual([chosen.tag, chosen.dir], [expected, dir]);
  });

test('a header that fills the head of a request costs no more than a moment', () => {
  const choose = createChooseLanguage();
  const started = process.cpuUsage();
  const wildcards = '*,'.repeat(4_000);
  assert.equal(choose(`${wildcards}en;q=0,de;q=0,fr;q=0,es;q=0`).tag, 'en');
  assert.equal(choose(`en;q=0,de;q=0,fr;q=0,es;q=0,${wildcards}`).tag, 'en');
  const { user } = process.cpuUsage(started);
  // Each of the two took more than 10 s while every wildcard of the header was compared with every other.
  assert.ok(user < 2_000_000, `${user} µs`);
});

test('the list of languages limits them, and its first is the default', () => {
  const choose = createChooseLanguage({}, ['fr', 'de']);
  assert.deepEqual(
    ['en', 'de', 'es, de;q=0.1', undefined].map((header) => choose(header).tag),
    ['fr', 'de', 'de', 'fr'],
  );
});

test('a language of its own has its texts, the direction of its script, and English where a text is missing', () => {
  const pages = createPages({ messages: OWN });
  const { html, language } = pages.render('signed-out', { loginUrl: '/login' }, 'ar');
  assert.equal(language, 'ar');
  assert.match(html, /<html lang="ar" dir="rtl">/);
  assert.match(html, /<h1>تم تسجيل الخروج<\/h1>/);
  assert.match(html, /Sign in again/);
});

test('a value in text from right to left keeps its own direction', () => {
  const session = {
    id: 'a',
    current: true,
    createdAt: '2026-11-25T09:30:00.000Z',
    expiresAt: '',
    address: '192.0.2.0/24',
  };
  const data = { sessions: [session], action: '/sessions', token: 'x' };
  const { html } = createPages({ messages: OWN }).render('sessions', data, 'ar');
  assert.match(html, /\u2068192\.0\.2\.0\/24\u2069/);
  assert.match(html, /<bdi><time/);
});

test('a regional text replaces those of its language only', () => {
  const pages = createPages({ messages: { 'de-CH': { 'signed-out.title': 'Ausgeloggt' } } });
  const titleFor = (header: string) =>
    /<h1>([^<]*)/.exec(pages.render('signed-out', { loginUrl: '' }, header).html)?.[1];
  assert.equal(titleFor('de-CH'), 'Ausgeloggt');
  assert.equal(titleFor('de-DE'), 'Abgemeldet');
  assert.match(pages.render('signed-out', { loginUrl: '' }, 'de-CH').html, /Erneut anmelden/);
});
