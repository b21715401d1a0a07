/** A policy document of Azure API Management: what its inbound section asks of a caller, and where it sends the calls.
 * https://learn.microsoft.com/azure/api-management/api-management-howto-policies
 */
import { combineRequirements, PUBLIC_ACCESS, type Requirement } from '../draft/access.ts';
import {
  BLOCKED_UPSTREAM,
  createDraft,
  type Draft,
  ImportError,
  limitTolerance,
  METHODS,
  type Method,
  trustIssuer,
  variable,
} from '../draft/draft.ts';
import { parseXml, type XmlElement } from '../draft/xml-tree.ts';
import { isExpression, methodsWhere, quoteExpressions } from './expressions.ts';
import { IGNORED_POLICY, noteElements, OWN_CREDENTIALS } from './notes.ts';
import { entraAccess, jwtAccess, replaceNamedValues } from './validate-jwt.ts';

type MethodClass = Method | 'other';

/** What the document says to calls with one method. */
interface PolicyResult {
  requirement: Requirement;
  upstream: string;
  /** Some validation was passed. */
  validated: boolean;
  /** The API gets other credentials than those of the caller. */
  ownCredentials: boolean;
}

/** The API's own settings are in no policy document, so the path and the backend have to be given. */
const PATH = '/api';
const BACKEND = variable('APIM_BACKEND_URL');

const deny = (verdict: PolicyResult, why: string): PolicyResult => ({
  ...verdict,
  requirement: combineRequirements(verdict.requirement, why),
});

function validationRequirement(element: XmlElement): Requirement {
  return element.name === 'validate-jwt' ? jwtAccess(element) : entraAccess(element);
}

function backendUrl(element: XmlElement): string | undefined {
  const id = element.attribute('backend-id');
  if (id !== undefined)
    return isExpression(id) ? undefined : variable(`BACKEND_${id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`);
  const url = element.attribute('base-url') ?? '';
  if (isExpression(url) || !/^(?:https?:\/\/|\{\{)/.test(url)) return undefined;
  return replaceNamedValues(url).replace(/\/$/, '');
}

function applyElement(element: XmlElement, cell: MethodClass, verdict: PolicyResult): PolicyResult {
  switch (element.name) {
    case 'validate-jwt':
    case 'validate-azure-ad-token':
      return {
        ...verdict,
        validated: true,
        requirement: combineRequirements(verdict.requirement, validationRequirement(element)),
      };
    case 'set-backend-service': {
      const upstream = backendUrl(element);
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
      return IGNORED_POLICY.test(element.name) ? verdict : deny(verdict, `${element.name} has no counterpart`);
  }
}

const applyElements = (elements: readonly XmlElement[], cell: MethodClass, start: PolicyResult): PolicyResult =>
  elements.reduce((verdict, element) => applyElement(element, cell, verdict), start);

/**
 * A branch whose condition is about the method is taken or not. Of one whose condition nobody knows here, the demands are
 * added whether it is taken or not, and it may not be what lets a call in.
 */
function choose(element: XmlElement, cell: MethodClass, start: PolicyResult): PolicyResult {
  let verdict = start;
  for (const branch of element.children) {
    if (branch.name === 'otherwise')
      return mergeBranch(verdict, applyElements(branch.children, cell, verdict), verdict !== start);
    const holds = methodsWhere(branch.attribute('condition') ?? '');
    if (holds?.has(cell)) return applyElements(branch.children, cell, verdict);
    if (holds === undefined) verdict = mergeBranch(verdict, applyElements(branch.children, cell, verdict), true);
  }
  return verdict;
}

function mergeBranch(before: PolicyResult, after: PolicyResult, unsure: boolean): PolicyResult {
  if (!unsure) return after;
  if (after.upstream !== before.upstream) return deny(after, 'its backend depends on a condition');
  return { ...after, validated: before.validated };
}

function evaluateMethod(elements: readonly XmlElement[], cell: MethodClass): PolicyResult {
  const verdict = applyElements(elements, cell, {
    requirement: PUBLIC_ACCESS,
    upstream: BACKEND,
    validated: false,
    ownCredentials: false,
  });
  // What <base /> stands for is in another document, so a call that nothing here asks about is no open one.
  return verdict.validated ? verdict : deny(verdict, 'nothing in this document asks who calls');
}

function addRoutes(draft: Draft, file: string, line: number, elements: readonly XmlElement[]): void {
  const cells: readonly MethodClass[] = [...METHODS, 'other'];
  const groups = new Map<string, { verdict: PolicyResult; cells: MethodClass[] }>();
  for (const cell of cells) {
    const verdict = evaluateMethod(elements, cell);
    const key = JSON.stringify(verdict);
    const group = groups.get(key) ?? { verdict, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  for (const { verdict, cells: about } of groups.values()) {
    const { requirement, upstream, ownCredentials } = verdict;
    const methods = about.filter((cell) => cell !== 'other');
    const denied = typeof requirement === 'string';
    const which = about.length === cells.length ? 'every method' : about.join(', ').replace(/other$/, 'others');
    const text = denied ? `${which} is denied, since ${requirement}` : `${which} of ${PATH}/** asks for a token`;
    draft.notes.push({ file, line, verdict: denied ? 'left out' : 'translated', text });
    if (!denied && requirement.audiences.length === 0)
      draft.notes.push({ file, line, verdict: 'approximated', text: `${which}: no audience, set API_AUDIENCE` });
    if (methods.length === 0) continue;
    draft.routes.push({
      path: `${PATH}/**`,
      ...(about.length === cells.length ? {} : { methods }),
      access: denied ? 'denied' : requirement,
      target: denied
        ? { upstream: BLOCKED_UPSTREAM }
        : { upstream, stripPrefix: PATH, ...(ownCredentials ? { upstreamToken: 'none' as const } : {}) },
      precedence: [0],
      name: 'the API of this document',
      file,
      line,
    });
  }
}

/** Every validation, wherever it stands. */
const validationsIn = (element: XmlElement): XmlElement[] =>
  /^validate-(?:jwt|azure-ad-token)$/.test(element.name) ? [element] : element.children.flatMap(validationsIn);

/** Reads a policy document. */
export function readApim(file: string, text: string): Draft {
  const root = parseXml(quoteExpressions(text));
  const inbound = root.child('inbound');
  if (root.name !== 'policies' || !inbound)
    throw new ImportError('this is no policy document: it has no policies with inbound');
  const draft = createDraft();
  noteElements(draft, file, root);
  for (const element of validationsIn(inbound)) {
    const asked = validationRequirement(element);
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
