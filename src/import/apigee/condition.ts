/** The conditions of Apigee flows about path and method.
 * https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference
 */
import { METHODS, type Method } from '../draft/draft.ts';

/** One way in which a condition holds. */
export interface ConditionCase {
  /** Pattern of `MatchesPath`; any path when left out. */
  path?: string;
  methods?: readonly Method[];
  /** It holds for methods without a name here as well. */
  otherMethods?: boolean;
  /** It asks for something else as well, so it may or may not hold. */
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

/** Both at once; nothing when no method is left. A second path cannot be cut with the first, so it is only known to narrow. */
function intersect(a: ConditionCase, b: ConditionCase): ConditionCase[] {
  const methods =
    a.methods && b.methods ? a.methods.filter((one) => b.methods?.includes(one)) : (a.methods ?? b.methods);
  const others = includesOtherMethods(a) && includesOtherMethods(b);
  if (methods?.length === 0 && !others) return [];
  const both = a.path !== undefined && b.path !== undefined && a.path !== b.path;
  const path = a.path ?? b.path;
  return [
    {
      ...(path === undefined ? {} : { path }),
      ...(methods === undefined ? {} : { methods, otherMethods: others }),
      ...(a.uncertain || b.uncertain || both ? { uncertain: true } : {}),
    },
  ];
}

/** The ways in which a condition holds; no condition holds always. What is not understood is one that may hold anywhere. */
export function parseCondition(condition: string | undefined): ConditionCase[] {
  if (condition === undefined || condition.trim() === '') return [{}];
  const tokens = tokenize(condition);
  let at = 0;

  function term(): ConditionCase[] | undefined {
    if (tokens?.[at] === '(') {
      at += 1;
      const inner = either();
      if (tokens[at] !== ')') return undefined;
      at += 1;
      return inner;
    }
    const [variable, operator, value] = tokens?.slice(at, at + 3) ?? [];
    if (variable === undefined || operator === undefined || value === undefined) return undefined;
    at += 3;
    return parseComparison(variable, operator, value);
  }
  function every(): ConditionCase[] | undefined {
    let sum = term();
    while (sum && isAnd(tokens?.[at])) {
      at += 1;
      const next = term();
      sum = next && sum.flatMap((a) => next.flatMap((b) => intersect(a, b)));
    }
    return sum;
  }
  function either(): ConditionCase[] | undefined {
    let sum = every();
    while (sum && isOr(tokens?.[at])) {
      at += 1;
      const next = every();
      sum = next && [...sum, ...next];
    }
    return sum;
  }
  const cases = either();
  return cases && at === tokens?.length ? cases : [{ uncertain: true }];
}
