/** Templates of the path at the upstream, such as `/v2/{1}/items/{rest}`, and the paths that they can be used with. */
import { z } from 'zod';

/** A segment of a template: literal text, a wildcard of the path by its number from 1, or all that `/**` matches. */
export type RewriteSegment = { readonly literal: string } | { readonly wildcard: number } | { readonly rest: true };

/** Characters of a path segment that no server reads in another way (RFC 3986 section 3.3). */
const LITERAL = /^[A-Za-z0-9._~!$&'()+,=:@-]*$/;
const SYNTAX =
  'expected a path such as /v2/{1}/{rest}: literal segments, {1} for the first *, and a final {rest} for /**';

function segmentOf(text: string): RewriteSegment | undefined {
  if (text === '{rest}') return { rest: true };
  const number = /^\{([1-9]\d?)\}$/.exec(text)?.[1];
  if (number !== undefined) return { wildcard: Number(number) };
  return LITERAL.test(text) && !/^\.{1,2}$|\.$/.test(text) ? { literal: text } : undefined;
}

const segmentsOf = (template: string) => template.slice(1).split('/').map(segmentOf);

/** Returns the segments of a valid template. */
export const parseRewrite = (template: string): RewriteSegment[] =>
  segmentsOf(template).filter((segment) => segment !== undefined);

/** Whether each segment is valid, none but the last one empty, and none but the last one the rest. */
function isTemplate(template: string): boolean {
  const segments = segmentsOf(template);
  return (
    template.startsWith('/') &&
    segments.every(
      (segment, index) =>
        segment !== undefined &&
        (index === segments.length - 1 || !('rest' in segment || ('literal' in segment && segment.literal === ''))),
    )
  );
}

/** Schema of `rewrite`. */
export const rewrite = z
  .string()
  .refine(isTemplate, SYNTAX)
  .optional()
  .describe(
    'Path at the upstream, below the path of its URL, in place of the path of the request: {1} is what the first * of path matches, {2} the second, {rest} what a final /** matches, each byte for byte. The query stays.',
  );

/** Returns what is wrong with a template for this path, and what to write; undefined if they fit. */
export function rewriteFault(path: string, template: string): { message: string; hint: string } | undefined {
  const pattern = path.slice(1).split('/');
  const wildcards = pattern.filter((segment) => segment === '*').length;
  for (const segment of parseRewrite(template)) {
    if ('wildcard' in segment && segment.wildcard > wildcards)
      return {
        message: `path has no wildcard {${segment.wildcard}}`,
        hint: wildcards === 0 ? 'write a path with *, or remove it' : `write at most {${wildcards}}`,
      };
    if ('rest' in segment && pattern.at(-1) !== '**')
      return { message: '{rest} needs a path that ends in /**', hint: 'remove {rest}' };
  }
  return undefined;
}
