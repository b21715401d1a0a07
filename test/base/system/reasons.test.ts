/** Errors of the system in words: files, listeners and connections, by the code of the error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenFailed } from '../../../src/base/system/unlistenable.ts';
import { describeNetworkError, isCertificateError } from '../../../src/base/system/unreachable.ts';
import { whyUnreadable } from '../../../src/base/system/unreadable.ts';
import { whyUnwritable } from '../../../src/base/system/unwritable.ts';

const withCode = (code: string) => Object.assign(new Error(`${code}: raw text of the system`), { code });

test('a file that cannot be read has its absolute path, the reason and what to do', () => {
  assert.match(
    whyUnreadable('/etc/key', withCode('EACCES')),
    /^user \d+ may not read \/etc\/key; allow it with chown or chmod$/,
  );
  assert.equal(
    whyUnreadable('none/key', withCode('ENOENT')),
    `${process.cwd()}/none/key does not exist, nor does its folder; create it, or correct the path`,
  );
  for (const code of ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'ELOOP', 'ERR_STRING_TOO_LONG', 'EIO', ''])
    assert.doesNotMatch(whyUnreadable('/etc/key', withCode(code)), /raw text/, code);
  assert.equal(whyUnreadable('/etc/key', 'text'), 'the system reports an error for /etc/key; check the path');
});

test('a file that cannot be written has the reason and what to do', () => {
  assert.match(whyUnwritable(withCode('EACCES')) ?? '', /^cannot be written by the user of this process; allow it/);
  assert.match(whyUnwritable(withCode('EROFS')) ?? '', /read-only; mount a volume/);
  assert.equal(whyUnwritable(withCode('EIO')), undefined);
});

test('a port that a user may not use is named with its option', () => {
  const fail = (port: number, code: string, host = '0.0.0.0') =>
    listenFailed({ group: 'listen', host, port }).bind(null, withCode(code));
  assert.throws(fail(80, 'EACCES'), {
    message: 'listen.port: this user may not listen on 0.0.0.0:80; set a port from 1024, or grant CAP_NET_BIND_SERVICE',
  });
  assert.throws(fail(3000, 'EADDRINUSE', '::1'), /^Error: listen\.port: \[::1\]:3000 is in use by another process/);
  assert.throws(fail(3000, 'ENOTFOUND', 'gateway'), /^Error: listen\.host: the name gateway is unknown/);
  assert.throws(fail(3000, 'EIO'), /^Error: listen\.port: failed to listen on 0\.0\.0\.0:3000: /);
});

test('network errors are described by the code of any cause', () => {
  const refused = new Error('fetch failed', { cause: new AggregateError([withCode('ECONNREFUSED')]) });
  assert.equal(describeNetworkError(refused), 'nothing listens on this port');
  assert.equal(describeNetworkError(withCode('ENOTFOUND')), 'the host name cannot be resolved');
  assert.ok(isCertificateError(new Error('x', { cause: withCode('SELF_SIGNED_CERT_IN_CHAIN') })));
  assert.ok(!isCertificateError(refused));
});
