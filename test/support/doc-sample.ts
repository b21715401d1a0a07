/** Reads the samples of the documentation, so that tests run their very text. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The code blocks of docs/PAGE.md below a heading of the second level, with real addresses in place of those of the sample. */
export function docSamples(page: string, heading: string, addresses: Readonly<Record<string, string>>): string[] {
  const text = readFileSync(join(import.meta.dirname, `../../docs/${page}.md`), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  assert.ok(blocks.length > 0, `${page} has a sample for ${heading}`);
  const replaced = (block: string) =>
    Object.entries(addresses).reduce((result, [sample, real]) => result.replaceAll(sample, real), block);
  return blocks.map(replaced);
}
