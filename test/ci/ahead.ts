/** Starts an asynchronous source at once, however late its values are read. */

/** Reads `source` from now on and keeps its values, in order, until the result is read; its error comes after them. */
export function readAhead<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const kept: T[] = [];
  let ended = false;
  let news = Promise.withResolvers<void>();
  const reading = (async () => {
    try {
      for await (const value of source) {
        kept.push(value);
        news.resolve();
      }
    } finally {
      ended = true;
      news.resolve();
    }
  })();
  // It is thrown where the values are read.
  reading.catch(() => undefined);
  async function* values(): AsyncGenerator<T> {
    while (!ended || kept.length > 0) {
      yield* kept.splice(0);
      if (!ended && kept.length === 0) await news.promise;
      news = Promise.withResolvers();
    }
    await reading;
  }
  return values();
}
