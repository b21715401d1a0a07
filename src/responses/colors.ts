/** Rules that put the colours of a company in place of the built-in ones, in light and in dark mode. */
import { mix, readableOn, textOn } from '../config/fields/color.ts';
import { DARK, paletteOn } from '../config/fields/palette.ts';
import type { Config } from '../config/schema/schema.ts';

type Colors = NonNullable<Config['pages']['colors']>;

/** The properties for a ground and an accent; those of the built-in style where neither is set. */
function properties(background: string | undefined, accent: string | undefined): string {
  const grounds =
    background === undefined
      ? []
      : (({ ink, soft, focus }) => [
          `--ground: ${background};`,
          `--ink: ${ink};`,
          `--soft: ${soft};`,
          `--line: ${mix(background, ink, 0.2)};`,
          `--focus: ${focus};`,
        ])(paletteOn(background));
  const key = accent ?? (background === undefined ? undefined : paletteOn(background).ink);
  if (key === undefined) return grounds.join(' ');
  const text = textOn(key);
  // Further from the colour of the text, so that it is read even better.
  const hover = mix(key, text === '#000000' ? '#ffffff' : '#000000', 0.15);
  return [...grounds, `--key: ${key};`, `--on-key: ${text};`, `--key-hover: ${hover};`].join(' ');
}

/** The rules, to follow the built-in style; undefined without colours. */
export function colorRules(colors: Colors | undefined): string | undefined {
  if (colors === undefined) return undefined;
  const { accent, background, dark = {} } = colors;
  const onDark = accent === undefined ? undefined : readableOn(dark.background ?? DARK.ground, accent);
  // A ground that was set for light mode must not show through in dark mode.
  const darkGround = dark.background ?? (background === undefined ? undefined : DARK.ground);
  const light = `:root { ${properties(background, accent)} }`;
  return `${light}\n@media (prefers-color-scheme: dark) { :root { ${properties(darkGround, dark.accent ?? onDark)} } }`;
}
