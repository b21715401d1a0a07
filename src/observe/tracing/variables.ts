/** Reads `OTEL_` variables. As OpenTelemetry requires, an unusable value is reported and counts as absent. */

/** Reads the variables of one environment, and collects what is wrong with them. */
export interface Variables {
  /** The trimmed value; undefined if the variable is empty or not set. */
  text(name: string): string | undefined;
  /** A number between `min` and `max`. */
  number(name: string, range: { min: number; max?: number }): number | undefined;
  /** A whole number; `names` in the order of their precedence. */
  count(names: readonly string[], min: number): number | undefined;
  /** One of the values. */
  choice<Value extends string>(name: string, values: readonly Value[]): Value | undefined;
  report(problem: string): void;
  readonly problems: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function createVariables(env: Environment): Variables {
  const problems: string[] = [];
  const text = (name: string) => env[name]?.trim() || undefined;

  function number(name: string, { min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }) {
    const value = text(name);
    if (value === undefined) return undefined;
    const parsed = Number(value);
    if (parsed >= min && parsed <= max) return parsed;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `between ${min} and ${max}`;
    problems.push(`${name}: expected a number ${range}; the variable is ignored`);
    return undefined;
  }

  return {
    problems,
    text,
    number,
    count(names, min) {
      const values = names.map((name) => number(name, { min }));
      const value = values.find((found) => found !== undefined);
      return value === undefined ? undefined : Math.floor(value);
    },
    choice(name, values) {
      const value = text(name);
      const known = values.find((each) => each === value?.toLowerCase());
      if (value !== undefined && known === undefined)
        problems.push(`${name}: expected one of ${values.join(', ')}; the variable is ignored`);
      return known;
    },
    report: (problem) => void problems.push(problem),
  };
}
