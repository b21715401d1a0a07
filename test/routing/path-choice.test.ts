/** AP-04: apps of one origin are told apart by path; no interpretation of a path belongs to another app. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { createPathChoice } from '../../src/routing/path-choice.ts';
import { parseTarget } from '../../src/routing/target.ts';

const ORIGIN = 'https://shop.example.com';
const appAt = (id: string, path: string) => ({ id, config: { app: { path } } });
const MAIN = appAt('main', '');
const ADMIN = appAt('admin', '/admin');
const REPORTS = appAt('reports', '/admin/reports');

function chosen(target: string, apps = [MAIN, ADMIN, REPORTS]): string {
  try {
    return createPathChoice(apps)(parseTarget(target, ORIGIN)).id;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

const CASES: [string, string][] = [
  ['/', 'main'],
  ['/administration', 'main'],
  ['/x/admin', 'main'],
  ['/admin', 'admin'],
  ['/admin/', 'admin'],
  ['/admin?x=1', 'admin'],
  ['/admin/x', 'admin'],
  ['/%61dmin/x', 'admin'],
  ['/admin/reports', 'reports'],
  ['/admin/reports/2026', 'reports'],
  ['/admin/reportsx', 'admin'],
  ['/.well-known/oauth-protected-resource/admin', 'admin'],
  ['/.well-known/oauth-protected-resource', 'main'],
  ['/.well-known/oauth-protected-resource/Admin', 'ambiguous_path'],
  ['/Admin/x', 'ambiguous_path'],
  ['/ADMIN', 'ambiguous_path'],
  ['/admin/Reports', 'ambiguous_path'],
  ['/admin%2fx', 'ambiguous_path'],
  ['/admin/reports%2f2026', 'ambiguous_path'],
  ['//admin/x', 'ambiguous_path'],
  ['/admin//reports', 'ambiguous_path'],
  ['/admin;v=1/x', 'ambiguous_path'],
  ['/admin./x', 'ambiguous_path'],
  ['/%EF%BD%81dmin/x', 'ambiguous_path'],
  ['/ADMIN~1/x', 'ambiguous_path'],
  ['/admin/REPORT~1/2026', 'ambiguous_path'],
  ['/ADMIN~1/REPORT~1', 'ambiguous_path'],
  ['/admin/x/FILE~1.TXT', 'admin'],
  ['/x/ADMIN~1', 'main'],
  ['/OTHER~1', 'main'],
];
for (const [target, expected] of CASES)
  test(`AP-04 ${target} is for ${expected}`, () => assert.equal(chosen(target), expected));

test('AP-04 without an app at the root, a path below no app is not found', () => {
  assert.equal(chosen('/other', [ADMIN]), 'not_found');
  assert.equal(chosen('/admin/x', [ADMIN]), 'admin');
});
