/** Renders the commented sample of the configuration: a working file, followed by every option with what it means and a value. */
import { stringify } from 'yaml';
import { jsonSchema, kindOf, type SchemaNode } from '../../src/config/schema/options.ts';

/** Parts that the working file at the top has, and lists whose entries are described with another option. */
const START = `# A configuration with every option. What is not a comment is a working file: one provider, one store, one API.
publicUrl: https://shop.example.com
trustedProxies: [10.0.0.0/8]
secrets: { keys: [{ id: k1, file: /run/secrets/k1 }] }
provider:
  issuer: https://id.example.com/realms/shop
  clientId: shop-web
  clientSecret: { file: /run/secrets/oidc }
session:
  store: { redis: { url: redis://redis:6379 } }
routes:
  - { path: /api/**, upstream: http://orders:8080 }

# Everything below is optional. Each option has its default, or an example if it has none. Merge what you need into the groups above.
`;

const WIDTH = 110;

/** A description in lines of comments. */
function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length + 1 > WIDTH - indent.length) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${indent}# ${each}`);
}

const flow = (value: unknown) =>
  stringify(value, { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 }).trim();

/** The value that the sample shows. */
function shownValue({
  examples: [example] = [],
  default: value,
  enum: [first] = [],
  const: literal,
  type,
}: SchemaNode) {
  return example ?? value ?? literal ?? first ?? (type === 'boolean' ? true : undefined);
}

/** The object whose members are options of their own: of the node, of an entry of its list, or of a branch of its union. */
function membersOf(node: SchemaNode): SchemaNode[] {
  if (kindOf(node) !== undefined) return [];
  if (node.properties) return [node];
  return (node.anyOf ?? []).flatMap(membersOf);
}

function linesOf(name: string, node: SchemaNode, indent = ''): string[] {
  const about = node.description === undefined ? [] : comment(node.description, indent);
  const members = membersOf(node).flatMap(({ properties = {} }) => Object.entries(properties));
  if (members.length > 0)
    return [...about, `${indent}${name}:`, ...members.flatMap(([key, child]) => linesOf(key, child, `${indent}  `))];
  const entry = node.items?.$ref === undefined ? node.items?.properties : undefined;
  if (entry) {
    const [first = '', ...rest] = Object.entries(entry).flatMap(([key, child]) => linesOf(key, child, `${indent}    `));
    return [...about, `${indent}${name}:`, `${indent}  -`, first, ...rest];
  }
  const value = shownValue(node);
  return value === undefined ? [] : [...about, `${indent}${name}: ${flow(value)}`];
}

/** The text of `docs/configuration.sample.yaml`. */
export function samplePage(): string {
  const { properties = {} } = jsonSchema();
  const parts = Object.entries(properties).filter(([name]) => name !== 'providers' && name !== 'apps');
  const text = parts.map(([name, node]) =>
    linesOf(name, node)
      .map((line) => `# ${line}`.trimEnd())
      .join('\n'),
  );
  return `${START}\n${text.join('\n\n')}\n`;
}
