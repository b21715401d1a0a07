/** Warnings about colours of the pages that people read badly. */
import { contrast, MIN_CONTRAST } from '../fields/color.ts';
import { DARK, LIGHT, paletteOn } from '../fields/palette.ts';
import type { Config } from '../schema/schema.ts';
import type { Combination } from './warning.ts';

type Colors = NonNullable<Config['pages']['colors']>;

/** Each colour with its ground, by its path. */
function pairsOf(colors: Colors): (readonly [path: string, color: string, ground: string])[] {
  const light = colors.background ?? LIGHT.ground;
  const dark = colors.dark?.background ?? DARK.ground;
  return [
    ...(colors.accent === undefined ? [] : [['colors.accent', colors.accent, light] as const]),
    ...(colors.background === undefined ? [] : [['colors.background', paletteOn(light).soft, light] as const]),
    ...(colors.dark?.accent === undefined ? [] : [['colors.dark.accent', colors.dark.accent, dark] as const]),
    ...(colors.dark?.background === undefined ? [] : [['colors.dark.background', paletteOn(dark).soft, dark] as const]),
  ];
}

export const weakColors: Combination = {
  id: 'page-contrast',
  when: '`pages.colors`: a contrast below 4.5:1, of an accent with its background, or of a background with the text on it',
  hint: 'choose a darker or a lighter colour: many people cannot read such text (WCAG 2.2, 1.4.3)',
  find: ({ config: { pages } }) =>
    pairsOf(pages.colors ?? {}).flatMap(([path, color, ground]) => {
      const found = contrast(color, ground);
      return found >= MIN_CONTRAST
        ? []
        : [`pages.${path}: ${color} on ${ground} has a contrast of ${found.toFixed(1)}:1, below ${MIN_CONTRAST}:1`];
    }),
};
