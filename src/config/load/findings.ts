/** Turns the issues of zod into findings: unknown options with a hint, and unions by the branch that was meant. */
import { alternativesText, expectedBy, type Issue, textOf, unspacedText } from '../messages/issue-text.ts';
import { didYouMean, schemasAt } from '../messages/suggest.ts';
import { unspaced } from '../messages/value.ts';
import type { Finding, Path } from '../validate/faults.ts';

const MISFITS: readonly Issue['code'][] = ['invalid_type', 'invalid_value'];

/** How well a branch of a union fits: the depth of its issues, less if the value is of another type altogether. */
function fitOf(issues: readonly Issue[]): number {
  const depth = issues.reduce((sum, { path }) => sum + path.length, 0);
  return issues.every(isMisfit) ? -1 : depth;
}

/** Whether the value is of another type than the branch. */
const isMisfit = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_union'
    ? issue.errors.every((branch) => branch.every(isMisfit))
    : MISFITS.includes(issue.code));

function unknownOption(key: string, path: Path): Finding {
  // `{ option:value }` is a name without a value. It may be a secret.
  const written = unspaced(key);
  if (written) return { path, ...unspacedText([...path, written.option], written.value) };
  return { path: [...path, key], message: 'unknown option', ...didYouMean(key, path) };
}

/** The options that a branch does not have. */
const unknownTo = (branch: readonly Issue[]) =>
  branch.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : []));

/** The options that a branch lacks. */
const missingIn = (branch: readonly Issue[]) =>
  branch.flatMap((issue) =>
    issue.code === 'invalid_type' && issue.path.length === 1 && issue.input === undefined ? String(issue.path[0]) : [],
  );

const listed = (names: Iterable<string>) => [...names].sort().join(', ');

/** The finding about a union of objects in which options of several branches are set, an unknown one, or none. */
function choiceFinding(branches: readonly (readonly Issue[])[], path: Path): Finding[] | undefined {
  const groups = branches.map((branch) => ({ unknown: unknownTo(branch), missing: missingIn(branch) }));
  const unknown = new Set(groups.flatMap((group) => group.unknown));
  const unknownToAll = [...unknown].filter((key) => groups.every((group) => group.unknown.includes(key)));
  if (unknownToAll.length > 0) return unknownToAll.map((key) => unknownOption(key, path));
  if (unknown.size > 1 && groups.every((group) => group.unknown.length > 0))
    return [{ path, message: `only one of ${listed(unknown)} can be set`, hint: 'remove the others' }];
  const missing = groups.flatMap((group) => group.missing);
  return missing.length > 1 && groups.every((group) => group.missing.length > 0)
    ? [{ path, message: 'is empty', hint: `write one of ${listed(new Set(missing))}` }]
    : undefined;
}

/** The finding about a value that is of none of the types of a union, such as a number or `auto`: it lists all of them. */
function valueFinding(branches: readonly (readonly Issue[])[], value: unknown, path: Path): Finding[] | undefined {
  const expected = branches.map(([issue, ...more]) =>
    issue?.path.length === 0 && more.length === 0 ? expectedBy(issue) : undefined,
  );
  const alternatives = new Set(expected);
  // Of groups of options alone, one is described in full.
  if (
    value === undefined ||
    value === null ||
    expected.length < 2 ||
    alternatives.has(undefined) ||
    alternatives.size < 2
  )
    return undefined;
  return [{ path, ...alternativesText(value, [...alternatives].map(String), path) }];
}

/** Findings of one issue; `parent` is the path of the union that it is part of. */
export function findingsOf(issue: Issue, parent: Path = []): Finding[] {
  const path: Path = [...parent, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownOption(key, path));
  if (issue.code === 'invalid_union') {
    const choice =
      issue.errors.length > 1
        ? (choiceFinding(issue.errors, path) ?? valueFinding(issue.errors, issue.input, path))
        : undefined;
    if (choice) return choice;
    const [best] = [...issue.errors].sort((a, b) => fitOf(b) - fitOf(a));
    if (best && best.length > 0) return best.flatMap((inner) => findingsOf(inner, path));
  }
  return [{ path, ...textOf(issue, path, schemasAt(path)) }];
}
