/** Results that are nearly always there already: whoever need not wait for one goes on at once, without a promise made for it. */

/** There, or on its way. */
export type Soon<T> = T | Promise<T>;

/** Whether it has to be awaited. */
export const isOnItsWay = <T>(result: Soon<T>): result is Promise<T> => result instanceof Promise;
