/** The built-in colours of the pages on a light and on a dark ground, as in `views/style.css`, and those for other grounds. */
import { contrast } from './color.ts';

export interface Palette {
  readonly ground: string;
  readonly ink: string;
  /** Text of less weight. */
  readonly soft: string;
  readonly focus: string;
}

export const LIGHT: Palette = { ground: '#f6f5f2', ink: '#1c1f23', soft: '#565c64', focus: '#1f5fd6' };
export const DARK: Palette = { ground: '#15171a', ink: '#eceae6', soft: '#a9adb4', focus: '#8fb7ff' };

/** The palette whose text is read better on a ground. */
export const paletteOn = (ground: string): Palette =>
  contrast(LIGHT.soft, ground) >= contrast(DARK.soft, ground) ? LIGHT : DARK;
