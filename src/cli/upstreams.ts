/** `bff-gateway upstreams`: prints what the running gateway knows of its upstreams and of their targets. */
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';
import { cell, type Fetch, request } from './admin-request.ts';

/** Columns of the table, one row for each server of an upstream. */
const COLUMNS = ['target', 'address', 'weight', 'state', 'requests', 'in progress', 'routes', 'app', 'process'];

/** A part of the response; missing values are shown as `-`. */
const recordsOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

function rowsOf(upstream: Record<string, unknown>): string[][] {
  const { origin, targets, slots, paths, app, process } = upstream;
  const common = [Array.isArray(paths) ? paths.join(' ') : '', app, process];
  const single = { url: origin, inFlight: isRecord(slots) ? slots.requests : undefined };
  const servers = targets === undefined ? [single] : recordsOf(targets);
  return servers.map(({ url, address, weight, state, requests, inFlight }: Record<string, unknown>) =>
    [url, address, weight, state, requests, inFlight, ...common].map(cell),
  );
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The upstreams as a table, or as JSON. */
export async function listUpstreams(config: Config, fetch: Fetch, asJson: boolean): Promise<string> {
  const { upstreams } = await request(config, fetch, { method: 'GET', path: '/upstreams' });
  if (asJson) return `${JSON.stringify({ upstreams }, null, 2)}\n`;
  return table([COLUMNS, ...recordsOf(upstreams).flatMap(rowsOf)]);
}
