/** Compares canonical header names with a list in which names that end in `*` are prefixes. */

/** Returns the test whether a canonical name is in the list or has one of its prefixes. */
export function createNameTest(names: readonly string[]): (canonical: string) => boolean {
  const exact = new Set(names.filter((name) => !name.endsWith('*')));
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (canonical) => exact.has(canonical) || prefixes.some((prefix) => canonical.startsWith(prefix));
}
