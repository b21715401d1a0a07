/** Generator of docs/endpoints.md, from the table of endpoints. */
import { ENDPOINT_ROWS } from '../../src/config/schema/endpoint-table.ts';

const METADATA_PATH = '/.well-known/oauth-protected-resource';

export function endpointsPage(): string {
  const rows = ENDPOINT_ROWS.map(([, { path, methods, description, returnable }]) => {
    const shown = typeof path === 'string' ? path.replaceAll(/:(\w+)/g, '{$1}') : METADATA_PATH;
    return `| \`${shown}\` | ${methods.map((method) => `\`${method}\``).join(', ')} | ${description} | ${returnable ? 'yes' : ''} |`;
  });
  return `# Endpoints

The endpoints of the gateway itself. \`endpoints.prefix\` moves all of them below a prefix, except the metadata under \`/.well-known\`. A route or a file of the front
end cannot take the path of an endpoint: such a route is a configuration error, and a hidden file is logged when the gateway starts.

An endpoint with \`GET\` also serves \`HEAD\`. Any other method gets \`405\` with \`Allow\`. No response may be cached, except \`/client.js\` and the metadata. How a front end
uses the endpoints is in [The front end](front-end.md), and what a response looks like when a request is refused in [Errors](errors.md).

| path | methods | description | a sign-in may return here |
| --- | --- | --- | --- |
${rows.join('\n')}

The private listener has its own endpoints: [health, metrics](operations.md) and [sessions](sessions.md).
`;
}
