/** Counters and histograms in plain objects, cheap enough to update on every request; prom-client reads them at each scrape. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One series of a counter. */
export interface CounterSeries {
  readonly value: number;
  increment(): void;
}

/** One series of a histogram. */
export interface HistogramSeries {
  observe(seconds: number): void;
}

/** Finds or creates the series with these label values, in the order of the labels. Look a series up once, not per request. */
export type Family<Series> = (...values: readonly string[]) => Series;

interface FamilyOptions {
  registry: Registry;
  name: string;
  help: string;
  labels: readonly string[];
}

type Labels = Record<string, string>;

/** Labels without a value at the end are left out. */
const labelsOf = (names: readonly string[], values: readonly string[]): Labels =>
  Object.fromEntries(names.slice(0, values.length).map((name, at) => [name, values[at] ?? '']));

/** A family, and a function that returns all of its series with their labels. */
function createFamily<Series>(labels: readonly string[], createSeries: () => Series) {
  const byValues = new Map<string, { labels: Labels; series: Series }>();
  const family: Family<Series> = (...values) => {
    const key = values.join('\n');
    const found = byValues.get(key);
    if (found) return found.series;
    const series = createSeries();
    byValues.set(key, { labels: labelsOf(labels, values), series });
    return series;
  };
  return { family, all: () => [...byValues.values()] };
}

function createCounterSeries(): CounterSeries {
  return {
    value: 0,
    increment(this: { value: number }) {
      this.value += 1;
    },
  };
}

/** A counter whose series are plain numbers. Series that were never incremented are left out. */
export function counterFamily({ registry, name, help, labels }: FamilyOptions): Family<CounterSeries> {
  const { family, all } = createFamily<CounterSeries>(labels, createCounterSeries);
  new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels: own, series } of all()) if (series.value > 0) this.inc(own, series.value);
    },
  });
  return family;
}

interface Buckets extends HistogramSeries {
  readonly counts: number[];
  sum: number;
}

function createHistogramSeries(bounds: readonly number[]): Buckets {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0);
  return {
    counts,
    sum: 0,
    observe(seconds) {
      let bucket = 0;
      while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      this.sum += seconds;
    },
  };
}

interface Sample {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** The samples of one series: cumulative buckets, sum, count (Prometheus exposition format). */
function samplesOf(name: string, bounds: readonly number[], labels: Labels, { counts, sum }: Buckets): Sample[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}

/** A histogram whose series are arrays. */
export function histogramFamily(options: FamilyOptions & { buckets: readonly number[] }): Family<HistogramSeries> {
  const { registry, name, help, labels, buckets } = options;
  const { family, all } = createFamily(labels, () => createHistogramSeries(buckets));
  const histogram = new Histogram({
    name,
    help,
    labelNames: [...labels],
    buckets: [...buckets],
    registers: [registry],
  });
  const read = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: all().flatMap(({ labels: own, series }) => samplesOf(name, buckets, own, series)),
  });
  // prom-client cannot set the buckets of a histogram, so its readers are replaced; the registry calls either of them.
  Object.assign(histogram, { get: read, getForPromString: read });
  return family;
}

/** A gauge that is read at each scrape; `read` returns the label values and the number of each series. */
export function gaugeFamily(
  options: FamilyOptions & { aggregator?: 'average' },
  read: () => readonly (readonly [readonly string[], number])[],
): void {
  const { registry, name, help, labels, aggregator = 'sum' } = options;
  new Gauge({
    aggregator,
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const [values, number] of read()) this.set(labelsOf(labels, values), number);
    },
  });
}
