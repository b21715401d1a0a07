/** Lets concurrent callers share one promise. */

/** Calls `start` unless its last promise is still pending; then returns that promise. */
export function singleFlight<Input, Output>(start: (input: Input) => Promise<Output>) {
  let pending: Promise<Output> | undefined;
  return (input: Input): Promise<Output> => {
    pending ??= start(input).finally(() => {
      pending = undefined;
    });
    return pending;
  };
}
