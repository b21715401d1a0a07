/** Abort signals of requests that wait for a sign-in. */

/**
 * Waits for `answer`. Rejects as soon as the signal aborts, unless its reason is a time-out (`AbortSignal.timeout`): the user
 * takes the time, not the server. Resolves with a signal for the next attempt, whose time-out is extended by the wait.
 */
export async function waitWithSignal<Value>(
  answer: Promise<Value>,
  signal: AbortSignal | null | undefined,
): Promise<{ value: Value; next?: AbortSignal }> {
  if (!signal) return { value: await answer };
  const controller = new AbortController();
  const { signal: next } = controller;
  const began = Date.now();
  let timedOut: number | undefined;
  let waited: number | undefined;
  const abort = () => controller.abort(signal.reason);
  const onAbort = () => {
    if (Object(signal.reason).name !== 'TimeoutError') return abort();
    timedOut = Date.now();
    if (waited !== undefined) setTimeout(abort, waited);
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const value = await new Promise<Value>((resolve, reject) => {
    next.addEventListener('abort', () => reject(next.reason));
    if (next.aborted) reject(next.reason);
    answer.then(resolve, reject);
  });
  waited = Date.now() - began;
  if (timedOut !== undefined) setTimeout(abort, timedOut - began);
  return { value, next };
}
