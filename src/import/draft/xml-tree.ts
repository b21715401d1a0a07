/** Parses XML to elements with line numbers. */
import { DOMParser, type Element as DomElement, type Node as DomNode } from '@xmldom/xmldom';
import { ImportError } from './draft.ts';

export interface XmlElement {
  readonly name: string;
  readonly line: number;
  readonly children: readonly XmlElement[];
  /** Text content without surrounding white space. */
  readonly text: string;
  attribute(name: string): string | undefined;
  /** The first child with this name. */
  child(name: string): XmlElement | undefined;
  childrenNamed(name: string): readonly XmlElement[];
}

const isElement = (node: DomNode): node is DomElement => node.nodeType === 1;

function toElement(element: DomElement): XmlElement {
  const children = [...element.childNodes].filter(isElement).map(toElement);
  const childrenNamed = (name: string) => children.filter((child) => child.name === name);
  return {
    name: element.nodeName,
    line: element.lineNumber ?? 1,
    children,
    text: (element.textContent ?? '').trim(),
    attribute: (name) => element.getAttribute(name) ?? undefined,
    child: (name) => childrenNamed(name)[0],
    childrenNamed,
  };
}

/** Parses a text. Throws `ImportError` at the first error; document types, and so entities, are rejected. */
export function parseXml(text: string): XmlElement {
  if (/<!DOCTYPE/i.test(text)) throw new ImportError('the document has a DOCTYPE, which is not supported');
  const onError = (_level: string, message: string, context: { locator?: { lineNumber?: number } }) => {
    throw new ImportError(`line ${context.locator?.lineNumber ?? 1}: ${message.split('\n')[0]}`);
  };
  let root: DomElement | null;
  try {
    root = new DOMParser({ onError }).parseFromString(text, 'text/xml').documentElement;
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw new ImportError(`not valid XML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!root) throw new ImportError('not valid XML: no element found');
  return toElement(root);
}
