/** Reads the metrics of a gateway from its admin listener. */

export interface Scrape {
  text: string;
  /** The value of a series, such as `bff_callbacks_total{outcome="succeeded"}`; 0 if it does not exist. */
  value(series: string): number;
  /** Names of all series, without labels. */
  names: ReadonlySet<string>;
}

/** Requests `/metrics`. */
export async function scrape(origin: string): Promise<Scrape> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  return {
    text,
    value: (series) => values.get(series) ?? 0,
    names: new Set(lines.map((line) => line.split(/[{ ]/, 1)[0] ?? '')),
  };
}
