/** Words that must not appear in public text and source: they read like a translation, or have a standard counterpart. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** Banned words and phrases as regular expressions, each with its replacement. The terms are in docs/glossary.md. */
const BANNED: readonly (readonly [words: string, replacement: string])[] = [
  ['whoever|nobody|somebody|someone', 'the actor: client, browser, operator, replica'],
  ['mend(s|ed|ing)?', 'fix, repair'],
  ['anew', 'again'],
  ['knock(s|ed|ing)?', 'the literal action'],
  ['(?<!x-)vouch(es|ed)?', 'trust, confirm'],
  ['puts? up with', 'tolerate'],
  ['in earnest', 'leave it out'],
  ['brooms?', 'sweep, cleanup'],
  ['goodbye|farewell', 'close, end'],
  ['hiccups?', 'short outage, timeout'],
  ['nonsense', 'invalid'],
  ['lapse[sd]?', 'expire'],
  ['(takes?|taking|took|taken) on', 'reload, apply'],
  ['is to be had', 'is available'],
  ['what (comes|came) of|comes of it|what becomes of', 'result, outcome'],
  ['twins?', 'counterpart'],
  ['particulars', 'provider-specific behaviour'],
  ['on its way', 'in progress, pending'],
  ['there already', 'already present, available'],
  ['a moment of load', 'a load peak'],
  ['the word of', 'the statement of'],
  ['goes on as it was', 'continues unchanged'],
  ['is out(?! of)', 'is unavailable, is down'],
  ['for want of', 'without'],
  ['all the same', 'anyway, still'],
  ['as good as', 'almost'],
  ['by itself', 'automatically, on its own'],
  ['look(s|ed|ing)? after', 'check, maintain'],
  ['told apart', 'distinguished'],
  ['puts? \\w+ before', 'prefixes, checks against'],
  ['asks of', 'requires'],
  ['beforehand', 'before'],
];

const TEXTS = ['*.md', 'docs/**/*.md', 'docs/**/*.json', 'views/**/*', 'deploy/**/*', 'src/**/*.ts', 'src/**/*.md'];

/** Text without the code spans of Markdown, which quote names that are not prose. */
const proseOf = (file: string, text: string) => (file.endsWith('.md') ? text.replaceAll(/`[^`\n]*`/g, '``') : text);

function occurrences(file: string, text: string): string[] {
  const lines = proseOf(file, text).split('\n');
  return BANNED.flatMap(([words, replacement]) => {
    const pattern = new RegExp(`\\b(${words})\\b`, 'i');
    return lines.flatMap((line, index) => {
      const [found] = pattern.exec(line) ?? [];
      return found === undefined ? [] : [`${file}:${index + 1}: "${found}", instead: ${replacement}`];
    });
  });
}

test('public text and source contain no banned words', () => {
  const files = globSync(TEXTS, { cwd: ROOT }).filter((file) => statSync(join(ROOT, file)).isFile());
  assert.ok(files.length > 300, `${files.length} files`);
  assert.deepEqual(
    files.flatMap((file) => occurrences(file, readFileSync(join(ROOT, file), 'utf8'))),
    [],
  );
});

test('a banned word is found as a whole word in any case, except in a code span', () => {
  assert.equal(occurrences('x.md', 'Whoever signs in.\nThe store is out.').length, 2);
  assert.deepEqual(occurrences('x.md', 'The field `mend` and an amendment.'), []);
  assert.equal(occurrences('x.ts', '// sends it anew').length, 1);
});
