/** Sums metric snapshots of processes that have ended. */
import type { MetricsSnapshot } from './metrics.ts';

type Metric = MetricsSnapshot[number];

/** Identifies a sample among those of its metric; the samples of a histogram have names of their own. */
const sampleKey = (sample: Metric['values'][number]) =>
  `${'metricName' in sample ? String(sample.metricName) : ''} ${JSON.stringify(sample.labels)}`;

function addValues(base: Metric, added: Metric): Metric {
  const values = new Map(base.values.map((sample) => [sampleKey(sample), sample]));
  for (const sample of added.values) {
    const key = sampleKey(sample);
    values.set(key, { ...sample, value: (values.get(key)?.value ?? 0) + sample.value });
  }
  return { ...added, values: [...values.values()] };
}

/** The sums of the counters and histograms of both. Gauges are left out: they describe a process that runs. */
export function addCounters(base: MetricsSnapshot, added: MetricsSnapshot): MetricsSnapshot {
  const sums = new Map(base.map((metric) => [metric.name, metric]));
  for (const metric of added) {
    if (!['counter', 'histogram'].includes(String(metric.type))) continue;
    const previous = sums.get(metric.name);
    sums.set(metric.name, previous ? addValues(previous, metric) : metric);
  }
  return [...sums.values()];
}
