/** Form of log lines: JSON with names of levels, other names of fields, and text for people on a terminal. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { FIELD_NAMES, renameFields } from '../../src/observe/format/field-names.ts';
import { createLineFormat } from '../../src/observe/format/line-format.ts';
import { type GatewayProcessOptions, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

type Line = Record<string, unknown>;

const ESC = '\u001b';
/** Removes the codes of single colours. */
const withoutColours = (text: string) =>
  text
    .split(ESC)
    .map((part, index) => (index === 0 ? part : part.replace(/^\[\d\dm/, '')))
    .join('');

async function start(t: TestContext, log: ConfigInput['log'], options: Partial<GatewayProcessOptions> = {}) {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const routes = [
    { path: '/api/**', upstream: provider.issuer, rules: [{ methods: ['POST' as const], token: 'user' as const }] },
  ];
  const gateway = await startProcess(t, { provider, config: { log, routes }, ...options });
  // No rule allows GET: a line of the log and one of the audit log.
  assert.equal((await fetch(`${gateway.ownUrl}/api/canary?canary=1`)).status, 403);
  await until(() => gateway.output().includes('access.denied') && gateway.output().includes('no rule of'));
  return gateway;
}

const jsonLines = (output: string): Line[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What Node reads to decide about colours (tty.WriteStream.getColorDepth); continuous integration sets the first. */
const ABOUT_COLOURS = ['CI', 'FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS', 'TF_BUILD', 'TEAMCITY_VERSION', 'TMUX'];

/** The command on a pseudo-terminal, with these variables about colours only. */
const onTerminal = (variables: readonly string[]) => (command: readonly string[]) => {
  const unset = ABOUT_COLOURS.flatMap((name) => ['-u', name]);
  const words = ['env', ...unset, 'TERM=xterm', ...variables, ...command];
  return ['script', '-qefc', `exec ${words.map((word) => `'${word}'`).join(' ')}`, '/dev/null'];
};

/** Starts the gateway on a pseudo-terminal, and returns what a person sees. */
async function onScreen(t: TestContext, log: ConfigInput['log'], variables: readonly string[] = []) {
  const gateway = await start(t, log, { wrap: onTerminal(variables) });
  const screen = gateway.output();
  for (const pid of workersOf(gateway)) process.kill(pid, 'SIGTERM');
  await until(() => gateway.output().includes('gateway.stopped'));
  return screen;
}

test('in a pipe, lines are JSON with the names of levels', async (t) => {
  const gateway = await start(t, {});
  const lines = jsonLines(gateway.output());
  const listening = lines.find(({ msg }) => msg === 'listening');
  assert.equal(listening?.level, 'info');
  assert.match(String(listening?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  for (const { level, audit } of lines) assert.ok(audit === true || typeof level === 'string');
  assert.doesNotMatch(gateway.output(), /canary/);
});

test('log.fields: otel names the fields as OpenTelemetry does', async (t) => {
  const gateway = await start(t, { fields: 'otel' });
  const lines = jsonLines(gateway.output());
  const listening = lines.find(({ body }) => body === 'listening');
  assert.equal(listening?.severity_text, 'INFO');
  assert.equal(listening?.severity_number, 9);
  assert.match(String(listening?.timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const refused = lines.find((line) => line['error.type'] !== undefined);
  assert.equal(refused?.['http.response.status_code'], 403);
  assert.match(String(refused?.['bff.request.id']), /^[0-9a-f]{32}$/);
  const audited = lines.find((line) => line['event.name'] === 'access.denied');
  assert.equal(audited?.['client.address'], '127.0.0.1');
  for (const line of lines) {
    for (const name of ['level', 'time', 'msg', 'requestId', 'errorCode']) assert.equal(line[name], undefined);
    assert.ok(line.timestamp !== undefined && line.severity_text !== undefined);
  }
});

test('log.fields: ecs names the fields as the Elastic Common Schema does', async (t) => {
  const gateway = await start(t, { fields: 'ecs' });
  const lines = jsonLines(gateway.output());
  const listening = lines.find(({ message }) => message === 'listening');
  assert.equal(listening?.['log.level'], 'info');
  assert.equal(listening?.['service.name'], 'bff-gateway');
  assert.equal(listening?.['event.dataset'], 'bff-gateway.log');
  const refused = lines.find((line) => line['error.code'] !== undefined);
  assert.match(String(refused?.['http.request.id']), /^[0-9a-f]{32}$/);
  const audited = lines.find((line) => line['event.action'] === 'access.denied');
  assert.equal(audited?.['event.dataset'], 'bff-gateway.audit');
  assert.equal(audited?.['client.address'], '127.0.0.1');
  for (const line of lines) assert.ok(line['@timestamp'] !== undefined && line['log.level'] !== undefined);
});

test('on a terminal, lines are text in colours', async (t) => {
  const screen = await onScreen(t, {});
  assert.ok(screen.includes(`${ESC}[32mINFO${ESC}[39m: ${ESC}[36mlistening${ESC}[39m ${ESC}[90m{"publicUrl":`));
  assert.match(withoutColours(screen), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening \{"publicUrl":/m);
  assert.match(screen, /audit: access\.denied/);
  assert.doesNotMatch(screen, /^\{/m);
});

test('NO_COLOR and a dumb terminal have no colours, and log.format: json the text', async (t) => {
  assert.ok(!(await onScreen(t, {}, ['TERM=dumb'])).includes(ESC));
  const plain = await onScreen(t, {}, ['NO_COLOR=1']);
  assert.match(plain, /\] INFO: listening \{/);
  assert.ok(!plain.includes(ESC));
  const json = await onScreen(t, { format: 'json' });
  assert.equal(jsonLines(json).find(({ msg }) => msg === 'listening')?.level, 'info');
});

test('log.format: pretty in a pipe has no colours', async (t) => {
  const gateway = await start(t, { format: 'pretty' });
  assert.match(gateway.output(), /^\[[\d:.]+\] INFO: listening \{/m);
  assert.ok(!gateway.output().includes(ESC));
});

const HOSTILE = '\u0000\u0007\b\r\nforged: line\u001b[2J\u007f\u009b2J\u2028\u202e\ud800 "\\" \\n é 日本';
/** Whether a terminal or a viewer may act upon the character: controls, line separators, bidirectional overrides. */
function isUnsafe(character: string): boolean {
  const code = character.charCodeAt(0);
  const within = (first: number, last: number) => code >= first && code <= last;
  return (within(0, 0x1f) && code !== 0x0a) || within(0x7f, 0x9f) || within(0x2028, 0x202e) || within(0x2066, 0x2069);
}

test('LG-03 no control character of a value or of a name reaches a line, in any form', () => {
  const record = { level: 'info', time: '2026-11-30T18:00:00.000Z', msg: HOSTILE, [HOSTILE]: { [HOSTILE]: [HOSTILE] } };
  for (const fields of ['plain', 'otel', 'ecs'] as const)
    for (const format of ['json', 'pretty'] as const)
      for (const hasColors of [false, true]) {
        const formatLine = createLineFormat({ format, fields }, { isTerminal: false, hasColors });
        const line = formatLine(`${JSON.stringify(record)}\n`);
        const seen = hasColors ? withoutColours(line) : line;
        assert.deepEqual([...seen].filter(isUnsafe), [], `${format} ${fields}`);
        assert.equal(seen.indexOf('\n'), seen.length - 1, `${format} ${fields}: one line`);
        if (format === 'json') {
          const parsed = JSON.parse(line);
          assert.equal(parsed.msg ?? parsed.body ?? parsed.message, HOSTILE, 'the value itself is unchanged');
        }
      }
});

test('every field of the table keeps its value, and no two of one line share a name', () => {
  for (const scheme of ['otel', 'ecs'] as const) {
    const access = Object.keys(FIELD_NAMES).filter((name) => name.includes('.'));
    const renamed = renameFields(Object.fromEntries(access.map((name) => [name, 1])), scheme);
    for (const name of access) assert.ok(renamed[FIELD_NAMES[name as keyof typeof FIELD_NAMES][scheme]], name);
  }
  assert.deepEqual(
    renameFields({ level: 'warn', err: { type: 'Error', message: 'm', cause: { type: 'C' } }, lines: 3 }, 'otel'),
    {
      severity_text: 'WARN',
      severity_number: 13,
      'exception.type': 'Error',
      'exception.message': 'm',
      'bff.err': { cause: { type: 'C' } },
      'bff.lines': 3,
    },
  );
});
