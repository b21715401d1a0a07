/** Weighted rendezvous hashing: every replica chooses the same target for a key, and only the keys of one that leaves move. */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the UTF-16 code units, from the value of a text before it: the same in every process and release. */
function fnv(text: string, from: number): number {
  let value = from;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), FNV_PRIME);
  return value;
}

/** The final mix of MurmurHash3, without which similar keys have similar values. */
function mix(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/** The part of a hash that names a member. */
export const seedOf = (member: string): number => fnv(`${member} `, FNV_OFFSET);

/** How much a member with this seed and weight claims a key; the highest score wins, in proportion to the weights. */
export const scoreOf = (seed: number, weight: number, key: string): number =>
  -weight / Math.log((mix(fnv(key, seed)) + 0.5) / 2 ** 32);
