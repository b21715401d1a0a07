/** Results that are nearly always there already: whoever need not wait for one goes on at once, without a promise made for it. */

/** There, or on its way. */
export type Soon<T> = T | Promise<T>;

/** Whether it has to be awaited. */
export const isOnItsWay = <T>(result: Soon<T>): result is Promise<T> => result instanceof Promise;

/** What comes of the result: at once where it is there. */
export const whenThere = <T, R>(result: Soon<T>, use: (value: T) => Soon<R>): Soon<R> =>
  isOnItsWay(result) ? result.then(use) : use(result);

/** What comes of the work; `failed` throws what its failure is to be, whether it fails at once or later. */
export function orElse<T>(work: () => Soon<T>, failed: (error: unknown) => never): Soon<T> {
  try {
    const result = work();
    return isOnItsWay(result) ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
