/** Names the app that a check is about, where there are several, and runs the checks of many apps a few at a time. */
import type { Check } from '../../base/check.ts';

const MAX_NAMES = 5;

/** One label of several; empty if there is none. */
export function joinLabels(labels: readonly string[]): string {
  const named = [...new Set(labels)].filter((label) => label !== '');
  const more = named.length - MAX_NAMES;
  return named.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The checks with the label before each message. */
export const labelled = (label: string, checks: readonly Check[]): Check[] =>
  checks.map((check) => (label === '' ? check : { ...check, message: `${label}: ${check.message}` }));

/** Concurrent apps: so many servers are not asked at once. */
const BATCH = 16;

/** The checks of every item, in order. */
export async function checksOfEach<Item>(
  items: readonly Item[],
  check: (item: Item) => Promise<Check[]>,
): Promise<Check[]> {
  const found: Check[] = [];
  for (let start = 0; start < items.length; start += BATCH)
    found.push(...(await Promise.all(items.slice(start, start + BATCH).map(check))).flat());
  return found;
}
