/** Notes how each element of a policy document of Azure API Management is translated. */

import type { Draft, Verdict } from '../draft/draft.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { isExpression, methodsWhere } from './expressions.ts';
import { entraAccess, jwtAccess } from './validate-jwt.ts';

/** Policies for limits, caching, logging or rewriting; none refuses a request because of its caller. */
export const IGNORED_POLICY =
  /^(?:base|forward-request|set-header|set-variable|set-body|set-query-parameter|rate-limit|rate-limit-by-key|quota|quota-by-key|cors|cache-lookup|cache-lookup-value|cache-store|cache-store-value|cache-remove-value|trace|log-to-eventhub|emit-metric|find-and-replace|xml-to-json|json-to-xml|redirect-content-urls|proxy)$/;

/** Policies that give the API other credentials than those of the caller. */
export const OWN_CREDENTIALS = /^authentication-(?:managed-identity|basic|certificate)$/;

const OUTER_SCOPES =
  '<base />: the policies of outer scopes are in other documents; import those as well and combine the rules';

type NoteText = [Verdict, string];

/** The elements inside a validation. */
function validationParts(element: XmlElement): [XmlElement, NoteText][] {
  const parts: [XmlElement, NoteText][] = [];
  for (const part of element.children) {
    if (part.name === 'issuer-signing-keys')
      parts.push([part, ['left out', 'issuer-signing-keys: the gateway uses only keys that the issuer publishes']]);
    else if (part.name === 'required-claims')
      for (const claim of part.childrenNamed('claim'))
        parts.push([claim, ['translated', `claim ${claim.attribute('name') ?? ''}`]]);
    else parts.push([part, ['translated', part.name]]);
  }
  return parts;
}

function validationNotes(element: XmlElement): [XmlElement, NoteText][] {
  const requirement = element.name === 'validate-jwt' ? jwtAccess(element) : entraAccess(element);
  if (typeof requirement === 'string') return [[element, ['left out', `${element.name}: ${requirement}`]]];
  const notes: [XmlElement, NoteText][] = [[element, ['translated', element.name]], ...validationParts(element)];
  if (element.name === 'validate-azure-ad-token')
    notes.push([element, ['approximated', 'only version 2 tokens are accepted: version 1 tokens have another issuer']]);
  for (const name of ['require-expiration-time', 'require-signed-tokens'])
    if (element.attribute(name) === 'false')
      notes.push([element, ['approximated', `${name}: the gateway always requires it`]]);
  return notes;
}

function elementNote(element: XmlElement): NoteText {
  const { name } = element;
  if (name === 'base') return ['left out', OUTER_SCOPES];
  if (name === 'set-backend-service') {
    const backend = element.attribute('base-url') ?? element.attribute('backend-id') ?? '';
    return isExpression(backend) ? ['left out', `${name}: its value is an expression`] : ['translated', name];
  }
  if (OWN_CREDENTIALS.test(name))
    return ['approximated', `${name}: the caller's token is not forwarded; configure the API's credentials manually`];
  if (name === 'forward-request') return ['translated', name];
  return ['left out', IGNORED_POLICY.test(name) ? name : `${name}: no counterpart; requests that reach it are denied`];
}

function notesFor(element: XmlElement): [XmlElement, NoteText][] {
  if (/^validate-(?:jwt|azure-ad-token)$/.test(element.name)) return validationNotes(element);
  if (element.name !== 'choose') return [[element, elementNote(element)]];
  return element.children.flatMap((branch) => {
    const known = branch.name === 'otherwise' || methodsWhere(branch.attribute('condition') ?? '') !== undefined;
    const note: NoteText = known
      ? ['translated', branch.name]
      : ['approximated', 'when: its requirements always apply, because its condition is not about the method'];
    return [[branch, note] as [XmlElement, NoteText], ...branch.children.flatMap(notesFor)];
  });
}

/** Adds a note for each element. */
export function noteElements(draft: Draft, file: string, root: XmlElement): void {
  for (const section of root.children) {
    const affectsRequests = section.name === 'inbound' || section.name === 'backend';
    const notes: [XmlElement, NoteText][] = affectsRequests
      ? section.children.filter(({ name }) => name !== 'base' || section.name === 'inbound').flatMap(notesFor)
      : section.children
          .filter(({ name }) => name !== 'base')
          .map((element) => [element, ['left out', `${section.name}: ${element.name}`]]);
    for (const [{ line }, [verdict, text]] of notes) draft.notes.push({ file, line, verdict, text });
  }
}
