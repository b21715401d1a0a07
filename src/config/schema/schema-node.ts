/** JSON Schema of options, as far as this project reads it. */

/** The parts of a JSON Schema that this project reads. */
export interface SchemaNode {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  required?: string[];
  additionalProperties?: unknown;
  oneOf?: { required: string[] }[];
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
  if?: SchemaNode;
  then?: SchemaNode;
  else?: SchemaNode;
  examples?: unknown[];
  pattern?: string;
  maximum?: number;
  /** What a text or number is: a duration, a URL and so on. */
  'x-type'?: string;
}

/** A node of the schema with the path of its option; `[]` is an entry of a list, `{}` an entry of a map. */
export interface OptionNode {
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** All options below a node, groups before their members; the branches of a union have one path, and none is required. */
export function optionNodes(node: SchemaNode, path = '', isBranch = false): OptionNode[] {
  const { properties = {}, required = [], items, additionalProperties: entry, anyOf = [] } = node;
  const own = Object.entries(properties).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [{ path: at, node: child, required: !isBranch && required.includes(name) }, ...optionNodes(child, at)];
  });
  const ofEntries = typeof entry === 'object' && entry !== null ? optionNodes(entry, `${path}{}`) : [];
  const ofItems = items && items.$ref === undefined ? optionNodes(items, `${path}[]`) : [];
  return [...own, ...ofItems, ...ofEntries, ...anyOf.flatMap((branch) => optionNodes(branch, path, true))];
}

/** The parts of the schema that describe the option at a path; several if branches of a union have it. */
export function nodesAt(node: SchemaNode, [first, ...rest]: readonly (string | number)[]): SchemaNode[] {
  if (first === undefined) return [node];
  return (node.anyOf ?? [node]).flatMap((branch) => {
    const next = typeof first === 'number' ? branch.items : branch.properties?.[first];
    return next ? nodesAt(next, rest) : [];
  });
}
