/** Reads a policy document of Azure API Management: the access requirements and the backend of its inbound section.
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

/** `other` is any method that is not in METHODS. */
type MethodClass = Method | 'other';
const METHOD_CLASSES: readonly MethodClass[] = [...METHODS, 'other'];

/** The effect of the document on requests with one method. */
interface PolicyResult {
  requirement: Requirement;
  upstream: string;
  /** A token validation applies in any case. */
  validated: boolean;
  /** The API receives other credentials than those of the caller. */
  ownCredentials: boolean;
}

/** A policy document contains neither the path nor the default backend of its API. */
const PATH = '/api';
const BACKEND = variable('APIM_BACKEND_URL');

const deny = (result: PolicyResult, why: string): PolicyResult => ({
  ...result,
  requirement: combineRequirements(result.requirement, why),
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

function applyElement(element: XmlElement, method: MethodClass, result: PolicyResult): PolicyResult {
  switch (element.name) {
    case 'validate-jwt':
    case 'validate-azure-ad-token':
      return {
        ...result,
        validated: true,
        requirement: combineRequirements(result.requirement, validationRequirement(element)),
      };
    case 'set-backend-service': {
      const upstream = backendUrl(element);
      return upstream === undefined ? deny(result, 'its backend is an expression') : { ...result, upstream };
    }
    case 'choose':
      return choose(element, method, result);
    case 'set-header': {
      const own = element.attribute('name')?.toLowerCase() === 'authorization';
      return own ? { ...result, ownCredentials: true } : result;
    }
    default:
      if (OWN_CREDENTIALS.test(element.name)) return { ...result, ownCredentials: true };
      return IGNORED_POLICY.test(element.name) ? result : deny(result, `${element.name} has no counterpart`);
  }
}

const applyElements = (elements: readonly XmlElement[], method: MethodClass, start: PolicyResult): PolicyResult =>
  elements.reduce((result, element) => applyElement(element, method, result), start);

/**
 * Evaluates conditions on the method. A branch with any other condition may or may not apply: its requirements are added
 * in any case, but its validation does not count as the one that a request needs.
 */
function choose(element: XmlElement, method: MethodClass, start: PolicyResult): PolicyResult {
  let result = start;
  for (const branch of element.children) {
    if (branch.name === 'otherwise')
      return mergeBranch(result, applyElements(branch.children, method, result), result !== start);
    const holds = methodsWhere(branch.attribute('condition') ?? '');
    if (holds?.has(method)) return applyElements(branch.children, method, result);
    if (holds === undefined) result = mergeBranch(result, applyElements(branch.children, method, result), true);
  }
  return result;
}

function mergeBranch(before: PolicyResult, after: PolicyResult, uncertain: boolean): PolicyResult {
  if (!uncertain) return after;
  if (after.upstream !== before.upstream) return deny(after, 'its backend depends on a condition');
  return { ...after, validated: before.validated };
}

function evaluateMethod(elements: readonly XmlElement[], method: MethodClass): PolicyResult {
  const result = applyElements(elements, method, {
    requirement: PUBLIC_ACCESS,
    upstream: BACKEND,
    validated: false,
    ownCredentials: false,
  });
  // <base /> refers to another document, so a request without a validation in this document is not public.
  return result.validated ? result : deny(result, 'nothing in this document authenticates the caller');
}

interface MethodGroup {
  result: PolicyResult;
  methods: MethodClass[];
}

/** Groups the methods for which the document has the same result. */
function groupMethods(elements: readonly XmlElement[]): MethodGroup[] {
  const groups = new Map<string, MethodGroup>();
  for (const method of METHOD_CLASSES) {
    const result = evaluateMethod(elements, method);
    const key = JSON.stringify(result);
    const group = groups.get(key) ?? { result, methods: [] };
    group.methods.push(method);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function addRoute(draft: Draft, file: string, line: number, { result, methods }: MethodGroup): void {
  const { requirement, upstream, ownCredentials } = result;
  const denied = typeof requirement === 'string';
  const everyMethod = methods.length === METHOD_CLASSES.length;
  const subject = everyMethod ? 'all methods' : methods.join(', ').replace(/other$/, 'other methods');
  const text = `${subject} on ${PATH}/**: ${denied ? `denied: ${requirement}` : 'token required'}`;
  draft.notes.push({ file, line, verdict: denied ? 'left out' : 'translated', text });
  if (!denied && requirement.audiences.length === 0)
    draft.notes.push({ file, line, verdict: 'approximated', text: `${subject}: no audience; set API_AUDIENCE` });
  const named = methods.filter((method) => method !== 'other');
  if (named.length === 0) return;
  draft.routes.push({
    path: `${PATH}/**`,
    ...(everyMethod ? {} : { methods: named }),
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

/** All validation policies at any depth. */
const validationsIn = (element: XmlElement): XmlElement[] =>
  /^validate-(?:jwt|azure-ad-token)$/.test(element.name) ? [element] : element.children.flatMap(validationsIn);

/** Reads a policy document. */
export function readApim(file: string, text: string): Draft {
  const root = parseXml(quoteExpressions(text));
  const inbound = root.child('inbound');
  if (root.name !== 'policies' || !inbound)
    throw new ImportError('not a policy document: it has no <policies> with <inbound>');
  const draft = createDraft();
  noteElements(draft, file, root);
  for (const element of validationsIn(inbound)) {
    const requirement = validationRequirement(element);
    if (typeof requirement === 'string') continue;
    for (const issuer of requirement.issuers ?? []) trustIssuer(draft, issuer);
    limitTolerance(draft, Number(element.attribute('clock-skew') ?? 0) || 0);
  }
  const elements = [...inbound.children, ...(root.child('backend')?.children ?? [])];
  for (const group of groupMethods(elements)) addRoute(draft, file, inbound.line, group);
  draft.notes.push({
    file,
    line: inbound.line,
    verdict: 'approximated',
    text: `the document does not contain the path of its API: ${PATH}/** is used instead`,
  });
  return draft;
}
