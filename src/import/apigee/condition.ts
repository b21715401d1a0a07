/** Parses the conditions of Apigee flows on path and method.
 * https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference
 */
import { METHODS, type Method } from '../draft/draft.ts';

/** One conjunction of a condition in disjunctive form. */
export interface ConditionCase {
  /** Pattern of `MatchesPath`; undefined for any path. */
  path?: string;
  methods?: readonly Method[];
  /** Also holds for methods that are not in METHODS. */
  otherMethods?: boolean;
  /** Depends on something else as well, so it is unknown whether it holds. */
  uncertain?: boolean;
}

const TOKEN = /\s*(\(|\)|&&|\|\||"[^"]*"|!=|:=|==|=\||=|~\/|~~|~|[A-Za-z_][\w.:-]*|[^\s()]+)/y;

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const found = TOKEN.exec(text);
    if (!found?.[1]) return undefined;
    tokens.push(found[1]);
  }
  return tokens;
}

const isAnd = (token: string | undefined) => token === '&&' || token?.toLowerCase() === 'and';
const isOr = (token: string | undefined) => token === '||' || token?.toLowerCase() === 'or';
const isEqual = (token: string) => /^(?:==?|equals|is)$/i.test(token);
const isMethod = (text: string): text is Method => METHODS.some((method) => method === text);

function parseComparison(variable: string, operator: string, value: string): ConditionCase[] {
  const text = /^"(.*)"$/.exec(value)?.[1];
  if (text === undefined) return [{ uncertain: true }];
  if (variable === 'request.verb' && isEqual(operator))
    return [isMethod(text) ? { methods: [text] } : { methods: [], otherMethods: true }];
  if (variable === 'request.verb' && /^(?:!=|notequals|isnot)$/i.test(operator))
    return [{ methods: METHODS.filter((method) => method !== text), otherMethods: true }];
  if (variable !== 'proxy.pathsuffix') return [{ uncertain: true }];
  if (/^(?:~\/|matchespath)$/i.test(operator)) return [{ path: text }];
  return isEqual(operator) && !text.includes('*') ? [{ path: text }] : [{ uncertain: true }];
}

const includesOtherMethods = ({ methods, otherMethods }: ConditionCase) =>
  methods === undefined || otherMethods === true;

/** The conjunction of two cases; empty when no method is left. Two different paths cannot be intersected, so the result is uncertain. */
function intersect(a: ConditionCase, b: ConditionCase): ConditionCase[] {
  const methods =
    a.methods && b.methods ? a.methods.filter((one) => b.methods?.includes(one)) : (a.methods ?? b.methods);
  const otherMethods = includesOtherMethods(a) && includesOtherMethods(b);
  if (methods?.length === 0 && !otherMethods) return [];
  const twoPaths = a.path !== undefined && b.path !== undefined && a.path !== b.path;
  const path = a.path ?? b.path;
  return [
    {
      ...(path === undefined ? {} : { path }),
      ...(methods === undefined ? {} : { methods, otherMethods }),
      ...(a.uncertain || b.uncertain || twoPaths ? { uncertain: true } : {}),
    },
  ];
}

/** Recursive-descent parser for `or`, `and`, parentheses and comparisons. Its methods return undefined on a syntax error. */
class ConditionParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parse(): ConditionCase[] | undefined {
    const cases = this.#disjunction();
    return this.#at === this.#tokens.length ? cases : undefined;
  }

  #disjunction(): ConditionCase[] | undefined {
    let cases = this.#conjunction();
    while (cases && isOr(this.#tokens[this.#at])) {
      this.#at += 1;
      const next = this.#conjunction();
      cases = next && [...cases, ...next];
    }
    return cases;
  }

  #conjunction(): ConditionCase[] | undefined {
    let cases = this.#term();
    while (cases && isAnd(this.#tokens[this.#at])) {
      this.#at += 1;
      const next = this.#term();
      cases = next && cases.flatMap((a) => next.flatMap((b) => intersect(a, b)));
    }
    return cases;
  }

  #term(): ConditionCase[] | undefined {
    if (this.#tokens[this.#at] === '(') {
      this.#at += 1;
      const inner = this.#disjunction();
      if (this.#tokens[this.#at] !== ')') return undefined;
      this.#at += 1;
      return inner;
    }
    const [variable, operator, value] = this.#tokens.slice(this.#at, this.#at + 3);
    if (variable === undefined || operator === undefined || value === undefined) return undefined;
    this.#at += 3;
    return parseComparison(variable, operator, value);
  }
}

/** Parses a condition; without a condition it always holds. A condition that cannot be parsed is an uncertain case. */
export function parseCondition(condition: string | undefined): ConditionCase[] {
  if (condition === undefined || condition.trim() === '') return [{}];
  const tokens = tokenize(condition);
  return (tokens && new ConditionParser(tokens).parse()) ?? [{ uncertain: true }];
}
