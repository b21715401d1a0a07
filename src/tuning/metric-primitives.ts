/** Numbers in plain objects that a call can afford to change; prom-client reads them when it is asked. */
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

/** Finds or makes the series with these label values, in the order of the labels. Look it up once, not for each call. */
export type Family<Series> = (...values: readonly string[]) => Series;

interface FamilyOptions {
  registry: Registry;
  name: string;
  help: string;
  labels: readonly string[];
}

type Labels = Record<string, string>;

/** The series of one family, by their label values. */
function seriesOf<Series>(labels: readonly string[], make: () => Series) {
  const known = new Map<string, { labels: Labels; series: Series }>();
  const family: Family<Series> = (...values) => {
    const key = values.join('\n');
    const found = known.get(key);
    if (found) return found.series;
    const series = make();
    known.set(key, { labels: Object.fromEntries(labels.map((name, at) => [name, values[at] ?? ''])), series });
    return series;
  };
  return { family, all: () => [...known.values()] };
}

function createCounterSeries(): CounterSeries {
  return {
    value: 0,
    increment(this: { value: number }) {
      this.value += 1;
    },
  };
}

/** A counter whose series are plain numbers. Those that never moved are left out. */
export function counterFamily({ registry, name, help, labels }: FamilyOptions): Family<CounterSeries> {
  const { family, all } = seriesOf<CounterSeries>(labels, createCounterSeries);
  new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels: of, series } of all()) if (series.value > 0) this.inc(of, series.value);
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
      let at = 0;
      while (at < bounds.length && seconds > (bounds[at] ?? 0)) at += 1;
      counts[at] = (counts[at] ?? 0) + 1;
      this.sum += seconds;
    },
  };
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** The lines of one series: cumulative buckets, sum, count (Prometheus exposition format). */
function linesOf(name: string, bounds: readonly number[], labels: Labels, { counts, sum }: Buckets): Value[] {
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
  const { family, all } = seriesOf(labels, () => createHistogramSeries(buckets));
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
    values: all().flatMap(({ labels: of, series }) => linesOf(name, buckets, of, series)),
  });
  // prom-client has no way to set the buckets of a histogram, so its answer is replaced; the registry asks for either.
  Object.assign(histogram, { get: read, getForPromString: read });
  return family;
}

/** A gauge that is read when somebody asks: label values and number of each series. */
export function gaugeFamily(
  options: FamilyOptions,
  read: () => readonly (readonly [readonly string[], number])[],
): void {
  const { registry, name, help, labels } = options;
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const [values, number] of read())
        this.set(Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ''])), number);
    },
  });
}
