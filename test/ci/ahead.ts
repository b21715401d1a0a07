/** Starts to read an asynchronous source immediately, independent of when its values are consumed. */

/** Reads `source` and buffers its values in order until they are consumed; an error is thrown after them. */
export function readAhead<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const buffer: T[] = [];
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const reading = (async () => {
    try {
      for await (const value of source) {
        buffer.push(value);
        changed.resolve();
      }
    } finally {
      ended = true;
      changed.resolve();
    }
  })();
  // The error is thrown where the values are consumed.
  reading.catch(() => undefined);
  async function* values(): AsyncGenerator<T> {
    while (!ended || buffer.length > 0) {
      yield* buffer.splice(0);
      if (!ended && buffer.length === 0) await changed.promise;
      changed = Promise.withResolvers();
    }
    await reading;
  }
  return values();
}
