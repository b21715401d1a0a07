/** The alert rules and the dashboard speak of metrics and labels that exist. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { METRICS, type MetricRow } from '../../src/observe/metrics/table.ts';

const pathOf = (file: string) => join(import.meta.dirname, '../../deploy', file);
const deploy = (file: string) => readFileSync(pathOf(file), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string };
}
const rules = (parse(deploy('prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

interface Dashboard {
  panels: { title: string; gridPos: { x: number; y: number }; targets: { expr: string }[] }[];
  templating: { list: { definition?: string }[] };
}
const dashboard = JSON.parse(deploy('grafana/dashboard.json')) as Dashboard;
const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const chosen = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);

const rows = new Map(Object.entries<MetricRow>(METRICS));
/** Series of the process, and labels that Prometheus and its functions add. */
const FOREIGN = /^(process_(cpu_seconds_total|resident_memory_bytes)|nodejs_eventloop_lag_p99_seconds)$/;
const ADDED = ['le', 'instance'];

/** The metric of a series name, and its labels. */
function labelsOf(series: string): readonly string[] {
  const base = series.replace(/_(bucket|sum|count)$/, '');
  const row = rows.get(series) ?? (rows.get(base)?.type === 'histogram' ? rows.get(base) : undefined);
  assert.ok(row, `there is no metric ${series}`);
  return [...row.labels, ...ADDED];
}

function check(expr: string): void {
  for (const [, series = '', , matchers = ''] of expr.matchAll(
    /\b((?:bff|process|nodejs)_[a-z0-9_]+)(\{([^}]*)\})?/g,
  )) {
    if (FOREIGN.test(series)) continue;
    const labels = labelsOf(series);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      assert.ok(labels.includes(label), `${series} has no label ${label}`);
  }
}

test('every alert rule names metrics and labels that exist', () => {
  assert.ok(rules.length > 10);
  for (const { expr } of rules) check(expr);
});

test('Prometheus itself accepts the alert rules', () => {
  const said = execFileSync('promtool', ['check', 'rules', pathOf('prometheus/alerts.yaml')], { encoding: 'utf8' });
  assert.match(said, new RegExp(`SUCCESS: ${rules.length} rules found`));
});

test('every panel and variable of the dashboard names metrics and labels that exist', () => {
  assert.ok(shown.length > 20);
  for (const expr of [...shown, ...chosen]) check(expr);
});

test('every metric is on the dashboard', () => {
  const all = shown.join('\n');
  for (const name of rows.keys()) assert.ok(all.includes(name), name);
});

test('alerts have names of their own and say what is wrong; panels do not overlap', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { annotations } of rules) assert.ok(annotations.summary.length > 20);
  const places = dashboard.panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`);
  assert.equal(new Set(places).size, places.length);
});
