/** A line on every element of a policy document of Azure API Management. */

import type { Draft, Verdict } from '../draft/draft.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { isExpression, methodsWhere } from './expressions.ts';
import { entraAccess, jwtAccess } from './validate-jwt.ts';

/** Policies that count, cache, log or rewrite, and refuse nobody for who they are. */
export const IGNORED_POLICY =
  /^(?:base|forward-request|set-header|set-variable|set-body|set-query-parameter|rate-limit|rate-limit-by-key|quota|quota-by-key|cors|cache-lookup|cache-lookup-value|cache-store|cache-store-value|cache-remove-value|trace|log-to-eventhub|emit-metric|find-and-replace|xml-to-json|json-to-xml|redirect-content-urls|proxy)$/;

/** What gives the API other credentials than those of the caller. */
export const OWN_CREDENTIALS = /^authentication-(?:managed-identity|basic|certificate)$/;

const OUTER_SCOPES =
  '<base />: what wider scopes ask for is in other documents; import those as well and put the demands together';

type NoteText = [Verdict, string];

/** What belongs to a validation, element by element. */
function validationParts(element: XmlElement): [XmlElement, NoteText][] {
  const parts: [XmlElement, NoteText][] = [];
  for (const part of element.children) {
    if (part.name === 'issuer-signing-keys')
      parts.push([part, ['left out', 'issuer-signing-keys: only keys that the issuer publishes are used']]);
    else if (part.name === 'required-claims')
      for (const claim of part.childrenNamed('claim'))
        parts.push([claim, ['translated', `claim ${claim.attribute('name') ?? ''}`]]);
    else parts.push([part, ['translated', part.name]]);
  }
  return parts;
}

function validationNotes(element: XmlElement): [XmlElement, NoteText][] {
  const asked = element.name === 'validate-jwt' ? jwtAccess(element) : entraAccess(element);
  if (typeof asked === 'string') return [[element, ['left out', `${element.name}: ${asked}`]]];
  const notes: [XmlElement, NoteText][] = [[element, ['translated', element.name]], ...validationParts(element)];
  if (element.name === 'validate-azure-ad-token')
    notes.push([element, ['approximated', 'tokens of version 2 only: those of version 1 come from another issuer']]);
  for (const name of ['require-expiration-time', 'require-signed-tokens'])
    if (element.attribute(name) === 'false') notes.push([element, ['approximated', `${name}: always required here`]]);
  return notes;
}

function elementNote(element: XmlElement): NoteText {
  const { name } = element;
  if (name === 'base') return ['left out', OUTER_SCOPES];
  if (name === 'set-backend-service') {
    const given = element.attribute('base-url') ?? element.attribute('backend-id') ?? '';
    return isExpression(given) ? ['left out', `${name}: made by an expression`] : ['translated', name];
  }
  if (OWN_CREDENTIALS.test(name))
    return ['approximated', `${name}: the caller's token is not sent on, and the API has to be given others by hand`];
  if (name === 'forward-request') return ['translated', name];
  return [
    'left out',
    IGNORED_POLICY.test(name) ? name : `${name}: no counterpart, so the calls that come to it are denied`,
  ];
}

function notesFor(element: XmlElement): [XmlElement, NoteText][] {
  if (/^validate-(?:jwt|azure-ad-token)$/.test(element.name)) return validationNotes(element);
  if (element.name !== 'choose') return [[element, elementNote(element)]];
  return element.children.flatMap((branch) => {
    const known = branch.name === 'otherwise' || methodsWhere(branch.attribute('condition') ?? '') !== undefined;
    const said: NoteText = known
      ? ['translated', branch.name]
      : [
          'approximated',
          'when: what stands in it is asked for in any case, since the condition is not about the method',
        ];
    return [[branch, said] as [XmlElement, NoteText], ...branch.children.flatMap(notesFor)];
  });
}

/** Says what becomes of each element. */
export function noteElements(draft: Draft, file: string, root: XmlElement): void {
  for (const section of root.children) {
    const calls = section.name === 'inbound' || section.name === 'backend';
    const notes: [XmlElement, NoteText][] = calls
      ? section.children.filter(({ name }) => name !== 'base' || section.name === 'inbound').flatMap(notesFor)
      : section.children
          .filter(({ name }) => name !== 'base')
          .map((element) => [element, ['left out', `${section.name}: ${element.name}`]]);
    for (const [{ line }, [verdict, text]] of notes) draft.notes.push({ file, line, verdict, text });
  }
}
