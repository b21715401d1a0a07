/** Looks at a page with axe, light and dark, on a phone and on a desk. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from './browser.ts';

const PICTURES = join(import.meta.dirname, '../../test-results/pages');
const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1440].map((width) => ({ colorScheme, width })),
);

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Fails with what axe finds on the page as it is now; a picture of each look is kept under `name`. */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`) });
    await page.evaluate(axe.source);
    const violations = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)');
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
    );
    assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} px`);
    const wide = await page.evaluate<number>('document.scrollingElement.scrollWidth - innerWidth');
    assert.ok(wide <= 0, `${name} is ${wide} px wider than a window of ${width} px`);
  }
}
