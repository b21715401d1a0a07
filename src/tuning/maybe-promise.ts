/** Helpers that avoid a promise when the value is already available, which is nearly always the case on the path of a request. */

/** A value, or a promise for it. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether the value must be awaited. */
export const isPromise = <T>(result: MaybePromise<T>): result is Promise<T> => result instanceof Promise;

/** Applies `use` to the value, at once if it is available. */
export const mapMaybe = <T, R>(result: MaybePromise<T>, use: (value: T) => MaybePromise<R>): MaybePromise<R> =>
  isPromise(result) ? result.then(use) : use(result);

/** The result of `work`; `onError` throws what its error maps to, whether `work` throws or rejects. */
export function mapError<T>(work: () => MaybePromise<T>, onError: (error: unknown) => never): MaybePromise<T> {
  try {
    const result = work();
    return isPromise(result) ? result.catch(onError) : result;
  } catch (error) {
    return onError(error);
  }
}
