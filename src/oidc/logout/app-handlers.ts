/** Handlers of the apps of one process for work that all of them find in the store, done by one timer for all. */

export interface AppHandlers<Handler> {
  /** Adds the handler of the app with this tag. The result removes it. */
  register(tag: string, handler: Handler): () => void;
  /** The tags of the apps that have a handler. */
  tags(): string[];
  /** The handlers of an app, the latest first: while a configuration is replaced, its gateway and the next one both have one. */
  of(tag: string): Handler[];
  /** Moves an app behind the others in `tags`. */
  moveToEnd(tag: string): void;
}

/** Creates the list. `work` runs at the interval while there is a handler. */
export function createAppHandlers<Handler>(interval: number, work: () => void): AppHandlers<Handler> {
  const handlers = new Map<string, Handler[]>();
  let timer: NodeJS.Timeout | undefined;

  function remove(tag: string, handler: Handler): void {
    const rest = (handlers.get(tag) ?? []).filter((other) => other !== handler);
    if (rest.length > 0) handlers.set(tag, rest);
    else handlers.delete(tag);
    if (handlers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    register(tag, handler) {
      handlers.set(tag, [handler, ...(handlers.get(tag) ?? [])]);
      timer ??= setInterval(work, interval).unref();
      return () => remove(tag, handler);
    },
    tags: () => [...handlers.keys()],
    of: (tag) => handlers.get(tag) ?? [],
    moveToEnd(tag) {
      const own = handlers.get(tag);
      if (!own || handlers.size === 1) return;
      handlers.delete(tag);
      handlers.set(tag, own);
    },
  };
}
