/** Caches the classification of header names: nearly all requests carry the same few names. */

/** Longer names are not cached. */
const MAX_NAME_LENGTH = 64;

/** Returns `classify` with a cache of at most `capacity` names, so that invented names cannot grow it. */
export function memoizeBounded<Action extends string>(
  classify: (name: string) => Action,
  capacity: number,
): (name: string) => Action {
  const cache = new Map<string, Action>();

  return function classifyCached(name) {
    const cached = cache.get(name);
    if (cached) return cached;
    const action = classify(name);
    if (cache.size < capacity && name.length <= MAX_NAME_LENGTH) cache.set(name, action);
    return action;
  };
}
