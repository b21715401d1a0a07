/** Suggestions for unknown options and variables: a similar name, the place where the option belongs, or the name that it has here. */
import { jsonSchema, type SchemaNode } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';
import { optionOfName, plainName } from './names.ts';

/** Levenshtein distance: the number of single-character edits between two names. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer names cannot be a misspelled option, and the distance takes quadratic time. */
const MAX_NAME_LENGTH = 100;

/** Maximum number of edits in a misspelled name: of three letters, two would leave only one. */
const maxEdits = ({ length }: string) => (length <= 3 ? 1 : Math.max(2, length / 4));

/** The most similar of the names; undefined when none is similar enough. */
export function closestMatch(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const [best] = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= maxEdits(name) ? best.candidate : undefined;
}

/** The schema with the branches of its unions, also of those inside unions. */
const withBranches = (node: SchemaNode): SchemaNode[] => [node, ...(node.anyOf ?? []).flatMap(withBranches)];

/** The schemas of an option, in every branch of a union; also below a name of a record. */
export function schemasAt(path: Path): SchemaNode[] {
  return path.reduce<SchemaNode[]>(
    (nodes, part) =>
      nodes.flatMap(({ items, properties, additionalProperties }) => {
        const next = typeof part === 'number' ? items : (properties?.[part] ?? additionalProperties);
        return typeof next === 'object' && next !== null ? withBranches(next) : [];
      }),
    withBranches(jsonSchema()),
  );
}

/** The names that are valid in an option. */
export const namesIn = (path: Path): string[] => [
  ...new Set(schemasAt(path).flatMap(({ properties }) => Object.keys(properties ?? {}))),
];

type Places = Map<string, Set<string>>;
let cached: Places | undefined;

/** Records below which options each name is valid, by its plain form. */
function collect(node: SchemaNode, at: string, places: Places): void {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const known = places.get(plainName(name)) ?? new Set<string>();
    places.set(plainName(name), known.add(at));
    if (child.$ref === undefined) collect(child, at === '' ? name : `${at}.${name}`, places);
  }
  if (node.items && node.items.$ref === undefined) collect(node.items, `${at}[]`, places);
  for (const branch of node.anyOf ?? []) collect(branch, at, places);
}

/** The groups of options in which a name is valid. */
function placesOf(name: string): readonly string[] {
  if (cached === undefined) {
    cached = new Map();
    collect(jsonSchema(), '', cached);
  }
  return [...(cached.get(plainName(name)) ?? [])];
}

const MAX_PLACES = 3;

/** Where an option stands: `below session`, `in an entry of routes`, or at the top. */
function placeName(place: string): string {
  if (place === '') return 'at the top of the file';
  return place.endsWith('[]') ? `in an entry of ${place.slice(0, -2)}` : `below ${place}`;
}

/** A hint that names the groups in which an option belongs; undefined if there are none, or too many to be of use. */
function whereItBelongs(key: string, path: Path): string | undefined {
  // What provider has, an entry of providers has as well: one of them is enough.
  const all = placesOf(key).filter((place) => !place.startsWith('providers') || path[0] === 'providers');
  const near = all.filter((place) => path[0] !== undefined && place.startsWith(String(path[0])));
  const places = near.length > 0 ? near : all;
  if (places.length === 0 || places.length > MAX_PLACES) return undefined;
  const named = places.map(placeName).join(' or ');
  return places.length === 1 || near.length > 0 ? `it belongs ${named}` : `it is an option ${named}`;
}

/** A hint for an option that is unknown at this path. */
export function didYouMean(key: string, path: Path): { hint?: string } {
  const valid = namesIn(path);
  const spelled = valid.find((name) => plainName(name) === plainName(key));
  const match = spelled ?? whereItBelongs(key, path) ?? optionHint(key) ?? closestMatch(key, valid);
  if (match !== undefined) return { hint: valid.includes(match) ? `did you mean ${match}?` : match };
  return valid.length > 0 ? { hint: `valid options: ${valid.join(', ')}` } : {};
}

function optionHint(key: string): string | undefined {
  const option = optionOfName(key);
  return option && `write ${option}`;
}
