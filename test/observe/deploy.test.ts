/** Alert rules and dashboard: they use only metrics and labels that exist. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { METRICS, type MetricRow } from '../../src/observe/metrics/table.ts';

const pathOf = (file: string) => join(import.meta.dirname, '../../deploy', file);
const deploy = (file: string) => readFileSync(pathOf(file), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string> & { summary: string };
}
const rules = (parse(deploy('prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

interface Dashboard {
  panels: { title: string; gridPos: { x: number; y: number }; targets: { expr: string }[] }[];
  templating: { list: { definition?: string }[] };
}
const dashboard = JSON.parse(deploy('grafana/dashboard.json')) as Dashboard;
const panelQueries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const variableQueries = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);

const rows = new Map(Object.entries<MetricRow>(METRICS));
/** Series of the process, which are not in the table. */
const PROCESS_SERIES = /^(process_(cpu_seconds_total|resident_memory_bytes)|nodejs_eventloop_lag_p99_seconds)$/;
/** Labels that Prometheus and its functions add. */
const PROMETHEUS_LABELS = ['le', 'instance'];

/** The labels of a series. */
function labelsOf(series: string): readonly string[] {
  const base = series.replace(/_(bucket|sum|count)$/, '');
  const row = rows.get(series) ?? (rows.get(base)?.type === 'histogram' ? rows.get(base) : undefined);
  assert.ok(row, `there is no metric ${series}`);
  return [...row.labels, ...PROMETHEUS_LABELS];
}

function checkQuery(expr: string): void {
  for (const [, series = '', , matchers = ''] of expr.matchAll(
    /\b((?:bff|process|nodejs)_[a-z0-9_]+)(\{([^}]*)\})?/g,
  )) {
    if (PROCESS_SERIES.test(series)) continue;
    const labels = labelsOf(series);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      assert.ok(labels.includes(label), `${series} has no label ${label}`);
  }
}

test('every alert rule uses existing metrics and labels', () => {
  assert.ok(rules.length > 10);
  for (const { expr } of rules) checkQuery(expr);
});

test('promtool accepts the alert rules', () => {
  const output = execFileSync('promtool', ['check', 'rules', pathOf('prometheus/alerts.yaml')], { encoding: 'utf8' });
  assert.match(output, new RegExp(`SUCCESS: ${rules.length} rules found`));
});

/** Runs the rules over samples of instance `a`, one per minute: the alert with `own` labels (an empty one is none) fires after `minutes`, and not after one. */
function assertAlert(
  series: Record<string, string>,
  alert: string,
  minutes: number,
  own: Record<string, string> = {},
): void {
  const folder = mkdtempSync(join(tmpdir(), 'bff-rules-'));
  const found = Object.fromEntries(Object.entries({ instance: 'a', ...own }).filter(([, value]) => value !== ''));
  const { labels, annotations } = rules.find((rule) => rule.alert === alert) ?? assert.fail(alert);
  const expand = (text: string) => text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name) => found[name] ?? '');
  const expected = {
    exp_labels: { ...found, ...labels },
    exp_annotations: Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, expand(text)])),
  };
  const check = (exp_alerts: unknown[], eval_time: string) => ({ eval_time, alertname: alert, exp_alerts });
  const tests = {
    rule_files: [pathOf('prometheus/alerts.yaml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [check([], '1m'), check([expected], `${minutes}m`)],
      },
    ],
  };
  const file = join(folder, 'test.yaml');
  writeFileSync(file, stringify(tests));
  try {
    execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('AP-10 an alert names the app whose provider is out; one that no app has is another alert', () => {
  const part = (app: string, values: string) => ({ [`bff_part_ready{instance="a",part="provider"${app}}`]: values });
  const apps = { ...part(',app="shop"', '1 1 1 1 1 1'), ...part(',app="desk"', '1 0 0 0 0 0') };
  assertAlert({ ...part('', '1 1 1 1 1 1'), ...apps }, 'BffGatewayAppProviderNotReady', 4, { app: 'desk' });
  assertAlert({ ...part('', '1 0 0 0 0 0'), ...part(',app="main"', '1 0 0 0 0 0') }, 'BffGatewayProviderNotReady', 4);
});

test('O10 an alert fires when the store of an instance refuses writes', () => {
  assertAlert({ 'bff_part_ready{instance="a",part="store"}': '1 1 0 0 0 0' }, 'BffGatewayStoreNotReady', 4);
});

test('O02 an alert fires when processes of an instance serve different configurations', () => {
  const before = { 'bff_config_processes{instance="a",digest="1"}': '3 3 2 2 2 2 2' };
  const after = { 'bff_config_processes{instance="a",digest="2"}': '_ _ 1 1 1 1 1' };
  assertAlert({ ...before, ...after }, 'BffGatewayConfigurationsDiffer', 6);
});

test('O09 an alert fires when log lines are dropped', () => {
  assertAlert({ 'bff_log_lines_dropped_total{instance="a"}': '0 0 5 9 9 9' }, 'BffGatewayLogLinesDropped', 3);
});

test('alerts fire for a target that stays out, and sooner if most are out', () => {
  const targets = (state: string, values: string) => ({
    [`bff_upstream_targets{instance="a",app="main",route="/api/**",state="${state}"}`]: values,
  });
  const labels = { app: 'main', route: '/api/**' };
  const oneOut = { ...targets('healthy', '3 2x15'), ...targets('ejected', '0 1x15'), ...targets('down', '0x16') };
  assertAlert(oneOut, 'BffGatewayTargetUnavailable', 12, labels);
  const twoOut = { ...targets('healthy', '3 1x5'), ...targets('ejected', '0 1x5'), ...targets('down', '0 1x5') };
  assertAlert(twoOut, 'BffGatewayTargetsMostlyUnavailable', 3, labels);
});

test('an alert fires when the budget of retries is exhausted', () => {
  const retries = (outcome: string, values: string) => ({
    [`bff_upstream_retries_total{instance="a",app="main",route="/api/**",reason="connect",outcome="${outcome}"}`]:
      values,
  });
  const series = { ...retries('sent', '0+100x10'), ...retries('over_budget', '0 0 0+20x8') };
  assertAlert(series, 'BffGatewayRetryBudgetExhausted', 6, { app: 'main', route: '/api/**', instance: '' });
});

test('alerts fire when a certificate expires soon, and when a changed one cannot be used', () => {
  const days = (count: number) => count * 86_400;
  const expiry = 'bff_tls_certificate_expiry_timestamp_seconds{instance="a",certificate="tls.crt"}';
  const labels = { certificate: 'tls.crt' };
  assertAlert({ [expiry]: `${days(15)} ${days(15)} ${days(13)}x10` }, 'BffGatewayCertificateExpires', 9, labels);
  const reloads = (outcome: string) => `bff_tls_certificate_reloads_total{instance="a",outcome="${outcome}"}`;
  const failing = { [reloads('failed')]: '0 0 1+1x10', [reloads('reloaded')]: '1x12' };
  assertAlert(failing, 'BffGatewayCertificateReloadFailing', 9);
});

test('an alert fires for attacks by HTTP/2, and one when a limit refuses many requests', () => {
  const goaways = (reason: string, values: string) => ({
    [`bff_http2_goaways_total{instance="a",reason="${reason}"}`]: values,
  });
  assertAlert({ ...goaways('idle', '0+50x6'), ...goaways('resets', '0 0 0+9x4') }, 'BffGatewayHttp2Abuse', 6);
  const decisions = (outcome: string, values: string) => ({
    [`bff_limit_decisions_total{instance="a",app="main",route="/api/**",limit="user-1m",outcome="${outcome}"}`]: values,
  });
  const labels = { app: 'main', route: '/api/**', limit: 'user-1m', instance: '' };
  const refusing = { ...decisions('allowed', '0+100x20'), ...decisions('refused', '0 0 0+50x18') };
  assertAlert(refusing, 'BffGatewayCallersLimited', 15, labels);
});

test('every panel and variable of the dashboard uses existing metrics and labels', () => {
  assert.ok(panelQueries.length > 20);
  for (const expr of [...panelQueries, ...variableQueries]) checkQuery(expr);
});

test('every metric is on the dashboard', () => {
  const all = panelQueries.join('\n');
  for (const name of rows.keys()) assert.ok(all.includes(name), name);
});

test('alert names are unique and alerts have a summary; panels do not overlap', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { annotations } of rules) assert.ok(annotations.summary.length > 20);
  const positions = dashboard.panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`);
  assert.equal(new Set(positions).size, positions.length);
});
