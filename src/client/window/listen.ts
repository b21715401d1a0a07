/** Listens to several events of a page with one function. */

type Source = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** Adds the listener for each pair of a source and an event; returns the function that removes it. */
export function listen(
  pairs: readonly (readonly [Source | undefined, string])[],
  listener: (event: Event) => void,
): () => void {
  for (const [source, type] of pairs) source?.addEventListener(type, listener);
  return () => {
    for (const [source, type] of pairs) source?.removeEventListener(type, listener);
  };
}
