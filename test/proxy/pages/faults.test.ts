/** Faults in the configuration of pages: each stops the start, with its file and line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../../src/cli/cli.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
const HEAD = `publicUrl: https://wiki.example.com
trustedProxies: [10.0.0.0/8]
secrets: { keys: [{ id: k1, env: KEY }] }
provider: { issuer: https://id.example.com, clientId: wiki, clientSecret: { env: SECRET } }
`;

/** The exit code of `check`, and what it prints. */
async function check(text: string): Promise<{ code: number; output: string }> {
  let output = '';
  const print = (part: string) => {
    output += part;
  };
  const code = await runCli({
    argv: ['check', '--config', 'gateway.yaml'],
    env: { KEY, SECRET: 's3cret' },
    readFile: () => HEAD + text,
    listFiles: () => [],
    out: print,
    err: print,
    fetch,
    start: () => Promise.reject(new Error('not started')),
  });
  return { code, output };
}

const SITE = '{ path: /**, upstream: http://wiki:8080, kind: page }';
const CASES: Record<string, { text: string; fault: RegExp }> = {
  'csrf on a page route': {
    text: `endpoints: { prefix: /.auth }
routes:
  - path: /**
    upstream: http://wiki:8080
    kind: page
    csrf: header
`,
    fault: /gateway\.yaml:10:\d+\W.*routes\[0\]\.csrf.* has no effect with kind: page/,
  },
  'a strict cookie': {
    text: `endpoints: { prefix: /.auth }
session:
  cookie:
    sameSite: strict
routes: [${SITE}]
`,
    fault: /gateway\.yaml:8:\d+\W.*session\.cookie\.sameSite.* a page needs lax/,
  },
  'endpoints without a prefix': {
    text: `routes:
  - { path: /static/**, upstream: http://wiki:8080, kind: page }
  - ${SITE}
`,
    fault: /gateway\.yaml:7:\d+\W.*routes\[1\]\.path.* would hide the endpoint \/login/,
  },
  'an API that covers endpoints below a prefix': {
    text: `endpoints: { prefix: /.auth }
routes:
  - { path: /**, upstream: http://wiki:8080 }
`,
    fault: /gateway\.yaml:7:\d+\W.*routes\[0\]\.path.* would hide the endpoint \/\.auth\/login/,
  },
  'credentials of the browser in place of the token of the session': {
    text: `endpoints: { prefix: /.auth }
routes:
  - path: /**
    upstream: http://wiki:8080
    kind: page
    authorization: forward
`,
    fault: /gateway\.yaml:10:\d+\W.*routes\[0\]\.authorization.* needs a route in which every rule has token: none/,
  },
  'credentials that the gateway itself reads': {
    text: `endpoints: { prefix: /.auth }
accessTokens: { audience: wiki }
routes:
  - path: /**
    upstream: http://wiki:8080
    kind: page
    upstreamToken: none
    authorization: forward
`,
    fault: /gateway\.yaml:12:\d+\W.*routes\[0\]\.authorization.* needs a route in which every rule has token: none/,
  },
  'options of pages on an API': {
    text: `routes:
  - path: /api/**
    upstream: http://api:8080
    logoutPaths: [/api/logout]
`,
    fault: /gateway\.yaml:8:\d+\W.*routes\[0\]\.logoutPaths.* has no effect without kind: page/,
  },
};

for (const [what, { text, fault }] of Object.entries(CASES))
  test(`AP-11 check names the line of ${what}`, async () => {
    const { code, output } = await check(text);
    assert.equal(code, 1);
    assert.match(output, fault);
  });

test('AP-11 check names all faults of pages at once, and none of a sound site', async () => {
  const { code, output } = await check(`session: { cookie: { sameSite: strict } }
routes:
  - { path: /**, upstream: http://wiki:8080, kind: page, csrf: fetch-metadata }
`);
  assert.equal(code, 1);
  for (const fault of ['csrf', 'sameSite', 'would hide']) assert.ok(output.includes(fault), `${fault} in ${output}`);
  const several = await check(`endpoints: { prefix: /.auth }
session: { cookie: { sameSite: strict } }
routes: [{ path: /static/**, upstream: http://wiki:8080, kind: page }, ${SITE}]
`);
  assert.match(several.output, /^1 fault$/m, 'once, however many pages there are');
  const sound = await check(`endpoints: { prefix: /.auth }\nroutes: [${SITE}]\n`);
  assert.deepEqual([sound.code, sound.output.includes('warning')], [0, false], sound.output);
});
