/** An XML document as elements that know their line. */
import { DOMParser, type Element as DomElement, type Node as DomNode } from '@xmldom/xmldom';
import { ImportError } from './draft.ts';

export interface XmlElement {
  readonly name: string;
  readonly line: number;
  readonly children: readonly XmlElement[];
  /** Text inside, without space around it. */
  readonly text: string;
  attribute(name: string): string | undefined;
  /** The first child of this name. */
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

/** Parses a text. Throws `ImportFault` with what is wrong first; document types, and so entities, are refused. */
export function parseXml(text: string): XmlElement {
  if (/<!DOCTYPE/i.test(text)) throw new ImportError('document types are not read');
  const onError = (_level: string, message: string, context: { locator?: { lineNumber?: number } }) => {
    throw new ImportError(`line ${context.locator?.lineNumber ?? 1}: ${message.split('\n')[0]}`);
  };
  let root: DomElement | null;
  try {
    root = new DOMParser({ onError }).parseFromString(text, 'text/xml').documentElement;
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw new ImportError(`this is no XML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!root) throw new ImportError('this is no XML: it has no element');
  return toElement(root);
}
