/** Handles the C# expressions of Azure API Management: escapes them for XML, and parses conditions on the method. */
import { METHODS, type Method } from '../draft/draft.ts';

/** The index of the bracket that closes the one at `start`; -1 when there is none. */
function expressionEnd(text: string, start: number): number {
  const close = text[start] === '(' ? ')' : '}';
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '\\' && quoted) at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === text[start]) depth += 1;
    else if (!quoted && letter === close) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

/** Escapes quotes, `<` and `&&` inside `="@( )"`: the Azure editor accepts them unescaped, which is not valid XML. */
export function quoteExpressions(text: string): string {
  let result = '';
  let rest = text;
  for (;;) {
    const start = rest.search(/="@[({]/);
    if (start < 0) return result + rest;
    const open = start + 3;
    const end = expressionEnd(rest, open);
    // In valid XML the first quote ends the attribute.
    const quote = rest.indexOf('"', open);
    if (end < 0 || rest[end + 1] !== '"' || /[)}]/.test(rest[quote - 1] ?? '')) {
      const stop = quote < 0 ? rest.length : quote + 1;
      result += rest.slice(0, stop);
      rest = rest.slice(stop);
      continue;
    }
    const inner = rest
      .slice(open, end + 1)
      .replace(/&(?!\w+;|#)/g, '&amp;')
      .replaceAll('"', '&quot;')
      .replaceAll('<', '&lt;');
    result += rest.slice(0, open) + inner;
    rest = rest.slice(end + 1);
  }
}

/** Whether a text is an expression, so that its value is unknown. */
export const isExpression = (text: string): boolean => /^@[({]/.test(text.trim());

const isMethod = (text: string): text is Method => METHODS.some((method) => method === text);
const COMPARISON =
  /^\(?\s*(?:context\.)?(?:Request\.Method|Operation\.Method)\s*(==|!=)\s*"([A-Z]+)"\s*\)?$|^\(?\s*(?:context\.)?(?:Request\.Method|Operation\.Method)\.Equals\("([A-Z]+)"\)\s*\)?$/;

/** The methods (and `other`) for which a condition holds; undefined for a condition on anything else. */
export function methodsWhere(condition: string): ReadonlySet<Method | 'other'> | undefined {
  const inner = /^@\(([\s\S]*)\)$/.exec(condition.trim())?.[1]?.trim();
  if (inner === undefined || (inner.includes('||') && inner.includes('&&'))) return undefined;
  const parts = inner.split(/\|\||&&/).map((part) => COMPARISON.exec(part.trim()));
  const cells: readonly (Method | 'other')[] = [...METHODS, 'other'];
  const sets: ReadonlySet<Method | 'other'>[] = [];
  for (const found of parts) {
    const name = found?.[2] ?? found?.[3];
    if (!found || name === undefined || !isMethod(name)) return undefined;
    sets.push(new Set(cells.filter((cell) => (cell === name) === (found[1] !== '!='))));
  }
  const holds = inner.includes('&&')
    ? (cell: Method | 'other') => sets.every((set) => set.has(cell))
    : (cell: Method | 'other') => sets.some((set) => set.has(cell));
  return new Set(cells.filter(holds));
}
