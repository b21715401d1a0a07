/** Results that are nearly always there already: whoever need not wait for one goes on at once, without a promise made for it. */

/** There, or on its way. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether it has to be awaited. */
export const isPromise = <T>(result: MaybePromise<T>): result is Promise<T> => result instanceof Promise;

/** What comes of the result: at once where it is there. */
export const mapMaybe = <T, R>(result: MaybePromise<T>, use: (value: T) => MaybePromise<R>): MaybePromise<R> =>
  isPromise(result) ? result.then(use) : use(result);

/** What comes of the work; `failed` throws what its failure is to be, whether it fails at once or later. */
export function mapError<T>(work: () => MaybePromise<T>, failed: (error: unknown) => never): MaybePromise<T> {
  try {
    const result = work();
    return isPromise(result) ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
