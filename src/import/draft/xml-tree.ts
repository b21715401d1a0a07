/** An XML document as elements that know their line. */
import { DOMParser, type Element as DomElement, type Node as DomNode } from '@xmldom/xmldom';
import { ImportFault } from './draft.ts';

export interface Xml {
  readonly name: string;
  readonly line: number;
  readonly children: readonly Xml[];
  /** Text inside, without space around it. */
  readonly text: string;
  attribute(name: string): string | undefined;
  /** The first child of this name. */
  child(name: string): Xml | undefined;
  all(name: string): readonly Xml[];
}

const isElement = (node: DomNode): node is DomElement => node.nodeType === 1;

function elementOf(element: DomElement): Xml {
  const children = [...element.childNodes].filter(isElement).map(elementOf);
  const all = (name: string) => children.filter((child) => child.name === name);
  return {
    name: element.nodeName,
    line: element.lineNumber ?? 1,
    children,
    text: (element.textContent ?? '').trim(),
    attribute: (name) => element.getAttribute(name) ?? undefined,
    child: (name) => all(name)[0],
    all,
  };
}

/** Parses a text. Throws `ImportFault` with what is wrong first; document types, and so entities, are refused. */
export function parseXml(text: string): Xml {
  if (/<!DOCTYPE/i.test(text)) throw new ImportFault('document types are not read');
  const onError = (_level: string, message: string, context: { locator?: { lineNumber?: number } }) => {
    throw new ImportFault(`line ${context.locator?.lineNumber ?? 1}: ${message.split('\n')[0]}`);
  };
  let root: DomElement | null;
  try {
    root = new DOMParser({ onError }).parseFromString(text, 'text/xml').documentElement;
  } catch (error) {
    if (error instanceof ImportFault) throw error;
    throw new ImportFault(`this is no XML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!root) throw new ImportFault('this is no XML: it has no element');
  return elementOf(root);
}
