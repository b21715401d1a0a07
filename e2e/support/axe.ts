/** Checks a page with axe in light and dark mode, at phone and desktop width. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from './browser.ts';

const SCREENSHOTS = join(import.meta.dirname, '../../test-results/pages');
interface View {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

const VIEWS: readonly View[] = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1440].map((width) => ({ colorScheme, width })),
);
/** The view in which long words and texts from right to left go wrong. */
export const PHONE: readonly View[] = [{ colorScheme: 'light', width: 390 }];

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Fails with the violations that axe reports, in each view; stores a screenshot of each under `name`. */
export async function assertAccessible(page: Page, name: string, views = VIEWS): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const { colorScheme, width } of views) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}-${width}.png`) });
    await page.evaluate(axe.source);
    const violations = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)');
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
    );
    assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} px`);
    const overflow = await page.evaluate<number>('document.scrollingElement.scrollWidth - innerWidth');
    assert.ok(overflow <= 0, `${name} is ${overflow} px wider than a window of ${width} px`);
  }
}
