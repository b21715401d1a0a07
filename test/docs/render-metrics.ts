/** The page of metrics, from their table. */
import { LABELS, METRICS, type MetricRow } from '../../src/observe/metrics/table.ts';

const rows = Object.entries<MetricRow>(METRICS);
const row = ([name, { type, labels, help }]: [string, MetricRow]) =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
const buckets = ([name, metric]: [string, MetricRow]) =>
  metric.type === 'histogram' ? [`| \`${name}\` | ${metric.buckets.join(', ')} |`] : [];

export function metricsPage(): string {
  return `# Metrics

\`GET /metrics\` on the private listener (\`admin\`, by default \`http://127.0.0.1:9400/metrics\`) answers in the text format of Prometheus. It is never
on the public port. Alert rules are in [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml), a dashboard for Grafana in
[deploy/grafana/dashboard.json](../deploy/grafana/dashboard.json).

Labels come from closed lists and from the configuration: no URL, user, session, token or header value ever becomes one, so the number of series
is bounded by the number of routes. A series appears once it has counted something. Each instance counts for itself; add them up.

\`\`\`
sum by (outcome) (rate(bff_callbacks_total[5m]))
histogram_quantile(0.99, sum by (le, route) (rate(bff_upstream_response_seconds_bucket[5m])))
\`\`\`

| metric | kind | labels | what it tells |
| --- | --- | --- | --- |
${rows.map(row).join('\n')}

Besides these there are those of the process and of Node.js: \`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`,
\`process_open_fds\`, \`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_heap_size_used_bytes\` and so on.

## Labels

| label | values |
| --- | --- |
${Object.entries(LABELS)
  .map(([label, values]) => `| \`${label}\` | ${values} |`)
  .join('\n')}

## Buckets

In seconds.

| histogram | upper bounds |
| --- | --- |
${rows.flatMap(buckets).join('\n')}
`;
}
