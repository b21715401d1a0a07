/** Renders the files of the Helm chart that follow from other files: the schema of its values, and its alert rules. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema, type SchemaNode } from '../../src/config/schema/options.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

type Properties = Record<string, SchemaNode>;
interface ValuesSchema {
  properties: { config: SchemaNode & { properties: Properties } } & Properties;
}

/** What an option accepts besides its type: text with a variable, which the gateway replaces. */
const VARIABLE = { type: 'string', pattern: '\\$\\{' };

/** The option as a value of the chart. Secrets and defaults that the chart adds are not required, and descriptions stay in the reference. */
function valueSchema(node: SchemaNode): unknown {
  const { description: _text, examples: _examples, default: _default, required: _required, ...rest } = node;
  // A text may hold a variable as well, so that its pattern says nothing before the gateway reads it.
  const { properties, items, anyOf, 'x-type': _type, pattern: _pattern, additionalProperties: entry, ...own } = rest;
  const schema = {
    ...own,
    ...(properties && { properties: mapValues(properties, valueSchema), additionalProperties: false }),
    ...(typeof entry === 'object' && entry !== null && { additionalProperties: valueSchema(entry) }),
    ...(items && { items: valueSchema(items) }),
    ...(anyOf && { anyOf: anyOf.map(valueSchema) }),
  };
  const takesVariable = properties === undefined && node.type !== 'string' && node.type !== 'object';
  return takesVariable || node.enum ? { anyOf: [schema, VARIABLE] } : schema;
}

const mapValues = (properties: Properties, map: (node: SchemaNode) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(properties).map(([name, node]) => [name, map(node)]));

/** The schema of the values: that of the chart, with the options of the gateway in `config`. */
function chartValuesSchema(): string {
  const base = JSON.parse(readFileSync(join(DEPLOY, 'helm/values.base.schema.json'), 'utf8')) as ValuesSchema;
  const options = mapValues(jsonSchema().properties ?? {}, valueSchema);
  const { config } = base.properties;
  const merged = { ...config, additionalProperties: false, properties: { ...options, ...config.properties } };
  return `${JSON.stringify({ ...base, properties: { ...base.properties, config: merged } }, null, 2)}\n`;
}

/** Text of each file, by its path from `docs/`. */
export function chartFiles(): Record<string, string> {
  return {
    '../deploy/helm/bff-gateway/values.schema.json': chartValuesSchema(),
    '../deploy/helm/bff-gateway/files/alerts.yaml': readFileSync(join(DEPLOY, 'prometheus/alerts.yaml'), 'utf8'),
  };
}
