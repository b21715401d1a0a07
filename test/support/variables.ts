/** Sets variables of the environment for the length of a test. */
import type { TestContext } from 'node:test';

const originals = new Map<string, string | undefined>();

/** A further call in the same test replaces values; at its end all are as they were before the first one. */
export function withVariables(t: Pick<TestContext, 'after'>, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!originals.has(name)) originals.set(name, process.env[name]);
    process.env[name] = value;
  }
  t.after(() => {
    for (const [name, value] of originals) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    originals.clear();
  });
}
