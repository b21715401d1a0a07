/** Colours of the pages: their notation, and how well one is read on another (WCAG 2.2 section 1.4.3). */

/** Notation of a colour: `#rgb` or `#rrggbb`. */
export const HEX_COLOR = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;

/** Contrast that text needs. */
export const MIN_CONTRAST = 4.5;

type Rgb = readonly [red: number, green: number, blue: number];

function rgbOf(hex: string): Rgb {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join('') : hex.slice(1);
  const at = (index: number) => Number.parseInt(digits.slice(index, index + 2), 16);
  return [at(0), at(2), at(4)];
}

function luminance(hex: string): number {
  const [red, green, blue] = rgbOf(hex).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white: the one that is read better on a colour. */
export const textOn = (hex: string): string =>
  contrast(hex, '#000000') > contrast(hex, '#ffffff') ? '#000000' : '#ffffff';

/** A share of the way from one colour to another. */
export function mix(from: string, to: string, share: number): string {
  const target = rgbOf(to);
  const mixed = rgbOf(from).map((value, index) => Math.round(value + ((target[index] ?? 0) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** The colour itself, or the first step towards black or white in which it is read on the ground. */
export function readableOn(ground: string, color: string): string {
  const steps = Array.from({ length: 21 }, (_, step) => mix(color, textOn(ground), step / 20));
  return steps.find((step) => contrast(step, ground) >= MIN_CONTRAST) ?? textOn(ground);
}
