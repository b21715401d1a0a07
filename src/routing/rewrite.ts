/** Rewrites the path of a request by the template of its route, and maps paths of the upstream back where that is possible. */
import { GatewayError } from '../base/errors.ts';
import { parseRewrite, type RewriteSegment } from '../config/changes/rewrite.ts';
import type { RouteConfig } from '../config/schema/schema.ts';
import type { RequestTarget } from './target.ts';

export interface Rewrite {
  /** Returns the path for the upstream. Throws `ambiguous_path` where it would have an empty segment. */
  apply(target: Pick<RequestTarget, 'path'>): string;
  /** Returns the public path of a path of the upstream; undefined if the template does not tell. */
  invert(path: string): string | undefined;
  /** The literal segments at the start of the template and of the public path. */
  readonly literal: { readonly upstream: string; readonly public: string };
}

const join = (segments: readonly string[]) => segments.map((segment) => `/${segment}`).join('');

/** Binds wildcards and rest of a template to the segments of a path; undefined if the path does not fit. */
function bind(template: readonly RewriteSegment[], segments: readonly string[]) {
  const bound = new Map<number, string>();
  for (const [at, part] of template.entries()) {
    if ('rest' in part) return { bound, rest: join(segments.slice(at)) };
    const segment = segments[at];
    if (segment === undefined) return undefined;
    if ('literal' in part) {
      if (part.literal !== segment) return undefined;
    } else if (segment === '' || (bound.get(part.wildcard) ?? segment) !== segment) return undefined;
    else bound.set(part.wildcard, segment);
  }
  return segments.length === template.length ? { bound, rest: undefined } : undefined;
}

/** Creates the function that fills the public pattern with what a path of the upstream binds. */
function createInverse(pattern: readonly string[], template: readonly RewriteSegment[]) {
  return function invert(path: string): string | undefined {
    const found = bind(template, path.slice(1).split('/'));
    if (!found) return undefined;
    let number = 0;
    let filled = '';
    for (const segment of pattern) {
      if (segment === '*') number += 1;
      const value = segment === '*' ? found.bound.get(number) : segment;
      const text = segment === '**' ? found.rest : value === undefined ? undefined : `/${value}`;
      if (text === undefined) return undefined;
      filled += text;
    }
    return filled === '' ? '/' : filled;
  };
}

const untilFirst = (segments: readonly (string | undefined)[]) => {
  const end = segments.indexOf(undefined);
  return join(segments.slice(0, end < 0 ? undefined : end).filter((segment) => segment !== undefined));
};

/** Creates the rewriting of a route; undefined for a route without a template. */
export function createRewrite({ path, rewrite }: Pick<RouteConfig, 'path' | 'rewrite'>): Rewrite | undefined {
  if (rewrite === undefined) return undefined;
  const template = parseRewrite(rewrite);
  const pattern = path.slice(1).split('/');
  const fixed = pattern.at(-1) === '**' ? pattern.length - 1 : pattern.length;
  const wildcards = pattern.flatMap((segment, index) => (segment === '*' ? [index] : []));

  return {
    apply({ path: requested }) {
      // Raw and decoded segments correspond, since both are split at `/`.
      const raw = requested.slice(1).split('/');
      let rewritten = '';
      for (const part of template) {
        if ('rest' in part) rewritten += join(raw.slice(fixed));
        else if ('literal' in part) rewritten += `/${part.literal}`;
        else rewritten += `/${raw[wildcards[part.wildcard - 1] ?? -1] ?? ''}`;
      }
      if (rewritten.includes('//'))
        throw new GatewayError('ambiguous_path', { detail: 'the rewritten path has an empty segment' });
      return rewritten === '' ? '/' : rewritten;
    },
    invert: createInverse(pattern, template),
    literal: {
      upstream: untilFirst(
        template.map((part) => ('literal' in part && part.literal !== '' ? part.literal : undefined)),
      ),
      public: untilFirst(pattern.map((segment) => (segment.includes('*') ? undefined : segment))),
    },
  };
}
