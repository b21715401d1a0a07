/** Warnings of several apps: once where they come from the top, else with the names of the apps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, MAIN } from './load-apps.ts';

const app = (id: string, more = '') =>
  `  - { id: ${id}, publicUrl: "https://${id}.example.com"${more === '' ? '' : `, ${more}`} }\n`;
/** The warnings without the one about the fixture, which holds its secrets as text. */
const warningsOf = (text: string) => load(text).warnings.filter(({ id }) => id !== 'secret-in-file');
const messages = (text: string) => warningsOf(text).map(({ id, message }) => `${id}: ${message}`);
const LAX = 'session: { cookie: { sameSite: lax } }';
const LAX_WARNING = 'session.cookie.sameSite is lax: strict is safer';

test('a warning about the top is told once for all apps', () => {
  const text = `${MAIN}${LAX}\napps:\n${app('a')}${app('b')}`;
  assert.deepEqual(messages(text), [`lax-cookie: ${LAX_WARNING}`]);
});

test('a warning about some apps names them', () => {
  assert.deepEqual(messages(`${MAIN}apps:\n${app('a', LAX)}${app('b')}`), [`lax-cookie: app a: ${LAX_WARNING}`]);
  assert.deepEqual(messages(`${MAIN}apps:\n${app('a', LAX)}${app('b', LAX)}`), [
    `lax-cookie: apps a, b: ${LAX_WARNING}`,
  ]);
});

test('a warning about many apps names some of them', () => {
  const many = Array.from({ length: 8 }, (_, index) => app(`a${index}`, LAX)).join('');
  assert.deepEqual(messages(`${MAIN}apps:\n${many}`), [
    `lax-cookie: apps a0, a1, a2, a3, a4 and 3 more: ${LAX_WARNING}`,
  ]);
});

test('a warning about what all apps share is told once', () => {
  const text = `${MAIN}admin: { host: 10.0.0.1 }\napps:\n${app('a')}${app('b')}`;
  assert.deepEqual(
    warningsOf(text).map(({ id }) => id),
    ['admin-without-secret'],
  );
});

test('an app with a path shares a trust zone with the others', () => {
  const admin = '  - { id: admin, publicUrl: "https://shop.example.com", path: /admin }\n';
  assert.deepEqual(messages(`${MAIN}apps:\n${admin}`), [
    'app-path: app admin: https://shop.example.com/admin is not isolated from the other apps of this origin',
  ]);
});
