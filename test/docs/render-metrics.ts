/** Generator of docs/metrics.md, from the table of metrics. */
import { LABELS } from '../../src/observe/metrics/labels.ts';
import { METRICS, type MetricRow } from '../../src/observe/metrics/table.ts';

const rows = Object.entries<MetricRow>(METRICS);
const row = ([name, { type, labels, help }]: [string, MetricRow]) =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
const buckets = ([name, metric]: [string, MetricRow]) =>
  metric.type === 'histogram' ? [`| \`${name}\` | ${metric.buckets.join(', ')} |`] : [];

export function metricsPage(): string {
  return `# Metrics

\`GET /metrics\` on the private listener (\`admin\`, by default \`http://127.0.0.1:9400/metrics\`) returns the metrics in the Prometheus text format. The
public port never serves them. Alert rules are in [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml), a dashboard for Grafana in
[deploy/grafana/dashboard.json](../deploy/grafana/dashboard.json).

Label values come from closed lists and from the configuration: no URL, user, session, token or header value becomes a label, so the number of routes
bounds the number of series. A series appears with its first value. Each replica reports its own values; aggregate them in queries.

With hundreds of apps, set \`admin: { metrics: { detail: app } }\`: the label \`route\` is then empty, and each app has one series where it had one for each
route and endpoint. What apps share is measured once: requests to a provider that several apps use with the same options, and surplus bytes of an
upstream that several apps use with the same options, count for the first of these apps.

\`\`\`
sum by (outcome) (rate(bff_callbacks_total[5m]))
histogram_quantile(0.99, sum by (le, route) (rate(bff_upstream_response_seconds_bucket[5m])))
\`\`\`

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.map(row).join('\n')}

In addition there are metrics of the process and of Node.js: \`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`,
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
