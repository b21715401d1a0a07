/** A policy document of Azure API Management: what its inbound section asks of a caller, and where it sends the calls.
 * https://learn.microsoft.com/azure/api-management/api-management-howto-policies
 */
import { type Asked, OPEN, together } from '../draft/access.ts';
import {
  type Draft,
  fromEnv,
  ImportFault,
  limitTolerance,
  METHODS,
  type Method,
  NOWHERE,
  newDraft,
  trustIssuer,
} from '../draft/draft.ts';
import { parseXml, type Xml } from '../draft/xml-tree.ts';
import { isExpression, methodsWhere, quoteExpressions } from './expressions.ts';
import { noteElements, OWN_CREDENTIALS, WITHOUT_SAY } from './notes.ts';
import { entraAccess, jwtAccess, named } from './validate-jwt.ts';

type Cell = Method | 'other';

/** What the document says to calls with one method. */
interface Verdict {
  asked: Asked;
  upstream: string;
  /** Some validation was passed. */
  checked: boolean;
  /** The API gets other credentials than those of the caller. */
  ownCredentials: boolean;
}

/** The API's own settings are in no policy document, so the path and the backend have to be given. */
const PATH = '/api';
const BACKEND = fromEnv('APIM_BACKEND_URL');

const deny = (verdict: Verdict, why: string): Verdict => ({ ...verdict, asked: together(verdict.asked, why) });

function validation(element: Xml): Asked {
  return element.name === 'validate-jwt' ? jwtAccess(element) : entraAccess(element);
}

function backendOf(element: Xml): string | undefined {
  const id = element.attribute('backend-id');
  if (id !== undefined)
    return isExpression(id) ? undefined : fromEnv(`BACKEND_${id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`);
  const url = element.attribute('base-url') ?? '';
  if (isExpression(url) || !/^(?:https?:\/\/|\{\{)/.test(url)) return undefined;
  return named(url).replace(/\/$/, '');
}

function step(element: Xml, cell: Cell, verdict: Verdict): Verdict {
  switch (element.name) {
    case 'validate-jwt':
    case 'validate-azure-ad-token':
      return { ...verdict, checked: true, asked: together(verdict.asked, validation(element)) };
    case 'set-backend-service': {
      const upstream = backendOf(element);
      return upstream === undefined ? deny(verdict, 'its backend is made by an expression') : { ...verdict, upstream };
    }
    case 'choose':
      return choose(element, cell, verdict);
    case 'set-header': {
      const own = element.attribute('name')?.toLowerCase() === 'authorization';
      return own ? { ...verdict, ownCredentials: true } : verdict;
    }
    default:
      if (OWN_CREDENTIALS.test(element.name)) return { ...verdict, ownCredentials: true };
      return WITHOUT_SAY.test(element.name) ? verdict : deny(verdict, `${element.name} has no counterpart`);
  }
}

const run = (elements: readonly Xml[], cell: Cell, start: Verdict): Verdict =>
  elements.reduce((verdict, element) => step(element, cell, verdict), start);

/**
 * A branch whose condition is about the method is taken or not. Of one whose condition nobody knows here, the demands are
 * added whether it is taken or not, and it may not be what lets a call in.
 */
function choose(element: Xml, cell: Cell, start: Verdict): Verdict {
  let verdict = start;
  for (const branch of element.children) {
    if (branch.name === 'otherwise') return merged(verdict, run(branch.children, cell, verdict), verdict !== start);
    const holds = methodsWhere(branch.attribute('condition') ?? '');
    if (holds?.has(cell)) return run(branch.children, cell, verdict);
    if (holds === undefined) verdict = merged(verdict, run(branch.children, cell, verdict), true);
  }
  return verdict;
}

function merged(before: Verdict, after: Verdict, unsure: boolean): Verdict {
  if (!unsure) return after;
  if (after.upstream !== before.upstream) return deny(after, 'its backend depends on a condition');
  return { ...after, checked: before.checked };
}

function judge(elements: readonly Xml[], cell: Cell): Verdict {
  const verdict = run(elements, cell, { asked: OPEN, upstream: BACKEND, checked: false, ownCredentials: false });
  // What <base /> stands for is in another document, so a call that nothing here asks about is no open one.
  return verdict.checked ? verdict : deny(verdict, 'nothing in this document asks who calls');
}

function addRoutes(draft: Draft, file: string, line: number, elements: readonly Xml[]): void {
  const cells: readonly Cell[] = [...METHODS, 'other'];
  const groups = new Map<string, { verdict: Verdict; cells: Cell[] }>();
  for (const cell of cells) {
    const verdict = judge(elements, cell);
    const key = JSON.stringify(verdict);
    const group = groups.get(key) ?? { verdict, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  for (const { verdict, cells: about } of groups.values()) {
    const { asked, upstream, ownCredentials } = verdict;
    const methods = about.filter((cell) => cell !== 'other');
    const denied = typeof asked === 'string';
    const which = about.length === cells.length ? 'every method' : about.join(', ').replace(/other$/, 'others');
    const text = denied ? `${which} is denied, since ${asked}` : `${which} of ${PATH}/** asks for a token`;
    draft.notes.push({ file, line, verdict: denied ? 'left out' : 'translated', text });
    if (!denied && asked.audiences.length === 0)
      draft.notes.push({ file, line, verdict: 'approximated', text: `${which}: no audience, set API_AUDIENCE` });
    if (methods.length === 0) continue;
    draft.routes.push({
      path: `${PATH}/**`,
      ...(about.length === cells.length ? {} : { methods }),
      access: denied ? 'denied' : asked,
      target: denied
        ? { upstream: NOWHERE }
        : { upstream, stripPrefix: PATH, ...(ownCredentials ? { upstreamToken: 'none' as const } : {}) },
      rank: [0],
      name: 'the API of this document',
      file,
      line,
    });
  }
}

/** Every validation, wherever it stands. */
const validationsIn = (element: Xml): Xml[] =>
  /^validate-(?:jwt|azure-ad-token)$/.test(element.name) ? [element] : element.children.flatMap(validationsIn);

/** Reads a policy document. */
export function readApim(file: string, text: string): Draft {
  const root = parseXml(quoteExpressions(text));
  const inbound = root.child('inbound');
  if (root.name !== 'policies' || !inbound)
    throw new ImportFault('this is no policy document: it has no policies with inbound');
  const draft = newDraft();
  noteElements(draft, file, root);
  for (const element of validationsIn(inbound)) {
    const asked = validation(element);
    if (typeof asked === 'string') continue;
    for (const issuer of asked.issuers ?? []) trustIssuer(draft, issuer);
    limitTolerance(draft, Number(element.attribute('clock-skew') ?? 0) || 0);
  }
  addRoutes(draft, file, inbound.line, [...inbound.children, ...(root.child('backend')?.children ?? [])]);
  draft.notes.push({
    file,
    line: inbound.line,
    verdict: 'approximated',
    text: `the document does not say which path its API has: ${PATH}/** stands for it`,
  });
  return draft;
}
