/** JSON Schema of `apps` and `appsFrom`: an app has the options of the file by reference, so that none is described twice. */
import { z } from 'zod';
import { appEntry, appLists, SHARED_OPTIONS } from './app-options.ts';
import type { SchemaNode } from './schema-node.ts';

type Properties = Record<string, SchemaNode>;

const schemaOf = (schema: z.ZodType): Properties =>
  (z.toJSONSchema(schema, { io: 'input' }) as SchemaNode).properties ?? {};

const shared = new Set<string>(SHARED_OPTIONS);

/** References to the properties at a place of the schema, without those that the process has once. */
function references(properties: Properties, at: string, path = ''): Properties {
  const own = Object.entries(properties).filter(([name]) => !shared.has(path + name));
  return Object.fromEntries(own.map(([name]) => [name, { $ref: `${at}/${name}` }]));
}

/** The schema of one app: its options, each a reference to that of the file. */
function appOf(properties: Properties): SchemaNode {
  const { id = {}, path = {} } = schemaOf(appEntry);
  const { properties: session = {}, description, default: _default, ...group } = properties.session ?? {};
  return {
    type: 'object',
    description: 'One app: an id, a publicUrl, and any option of an app.',
    properties: {
      id,
      path,
      ...references(properties, '#/properties'),
      session: { ...group, properties: references(session, '#/properties/session/properties', 'session.') },
    },
    required: ['id', 'publicUrl'],
    additionalProperties: false,
  };
}

/** The schema without what is required inside `provider`: an app may inherit the rest. */
function withoutRequired(provider: SchemaNode): SchemaNode {
  const { required: _required, ...rest } = provider;
  return rest;
}

/**
 * The schema with `apps` and `appsFrom`. Where neither is set, the file is one app: it needs a `publicUrl` and either one provider
 * or several.
 */
export function withAppLists(schema: SchemaNode): SchemaNode {
  const { properties = {}, required = [] } = schema;
  const { apps = {}, appsFrom = {} } = schemaOf(appLists);
  const provider = properties.provider ?? {};
  return {
    ...schema,
    properties: {
      ...properties,
      provider: withoutRequired(provider),
      apps: { ...apps, items: { $ref: '#/$defs/app' } },
      appsFrom,
    },
    required: required.filter((name) => name !== 'publicUrl' && name !== 'provider'),
    if: { anyOf: [{ required: ['apps'] }, { required: ['appsFrom'] }] },
    else: {
      required: ['publicUrl'],
      oneOf: [{ required: ['provider'] }, { required: ['providers'] }],
      properties: { provider: { required: provider.required ?? [] } },
    },
    $defs: { app: appOf(properties) },
  };
}
