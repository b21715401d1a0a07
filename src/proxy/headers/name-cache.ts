/** Judgements of header names, remembered by spelling: nearly all calls bring the same few. */

/** A longer name is judged anew each time. */
const MAX_NAME_LENGTH = 64;

/** Judges as `judge` does and remembers at most `most` names, so that nobody who makes names up can make it grow. */
export function memoizeBounded<Verdict extends string>(
  judge: (name: string) => Verdict,
  most: number,
): (name: string) => Verdict {
  const remembered = new Map<string, Verdict>();

  return function verdictOf(name) {
    const known = remembered.get(name);
    if (known) return known;
    const verdict = judge(name);
    if (remembered.size < most && name.length <= MAX_NAME_LENGTH) remembered.set(name, verdict);
    return verdict;
  };
}
