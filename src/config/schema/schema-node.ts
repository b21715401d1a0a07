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
}

/** The parts of the schema that describe the option at a path; several if branches of a union have it. */
export function nodesAt(node: SchemaNode, [first, ...rest]: readonly (string | number)[]): SchemaNode[] {
  if (first === undefined) return [node];
  return (node.anyOf ?? [node]).flatMap((branch) => {
    const next = typeof first === 'number' ? branch.items : branch.properties?.[first];
    return next ? nodesAt(next, rest) : [];
  });
}
