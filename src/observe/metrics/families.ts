/** Metric families of the table, registered in one registry. */
import type { Registry } from 'prom-client';
import { counterFamily, gaugeFamily, histogramFamily } from '../../tuning/metric-primitives.ts';
import { METRICS, type MetricRow } from './table.ts';

type Named<Type extends MetricRow['type']> = {
  [Name in keyof typeof METRICS]: (typeof METRICS)[Name] extends { type: Type } ? Name : never;
}[keyof typeof METRICS];

/** Factories by metric type; each creates the family of a name in the table. */
export function createMetricFamilies(registry: Registry) {
  return {
    counter: (name: Named<'counter'>) => counterFamily({ registry, name, ...METRICS[name] }),
    histogram: (name: Named<'histogram'>) => histogramFamily({ registry, name, ...METRICS[name] }),
    gauge: (name: Named<'gauge'>, read: Parameters<typeof gaugeFamily>[1]) =>
      gaugeFamily({ registry, name, ...METRICS[name] }, read),
  };
}

export type MetricFamilies = ReturnType<typeof createMetricFamilies>;
