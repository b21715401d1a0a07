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

## The response of \`/session\`

JSON with these fields; \`POST /session/refresh\` returns the same. Times are ISO 8601 unless the table says otherwise.

| field | without a session | with a session | meaning |
| --- | --- | --- | --- |
| \`authenticated\` | \`false\` | \`true\` | whether the user is signed in |
| \`csrfHeader\` | yes | yes | \`name\` and \`value\` of the header that each request with the cookie carries |
| \`loginUrl\` | yes | yes | the path of the sign-in |
| \`providers\` | with several providers | with several providers | a list of \`id\`, \`name\` and \`loginUrl\` |
| \`sub\` | | yes | the subject of the ID token |
| \`provider\` | | with several providers | the id of the provider where the user signed in |
| \`acr\` | | if the ID token has it | how the user signed in |
| \`authTime\` | | if the ID token has it | when the user signed in at the provider, in seconds since 1970 |
| \`createdAt\` | | yes | when the session began |
| \`expiresAt\` | | yes | when the session ends at the latest |
| \`idleExpiresAt\` | | yes | when the session ends if no request is sent; never after \`expiresAt\` |
| \`binding\` | | yes | the value of \`X-Bff-Session\`, which [binds a request to this session](front-end.md#several-users-in-one-browser) |
| \`custom\` | | if a plugin has [\`onSession\`](plugins.md#onsession) | what the plugins returned |
| \`logoutUrl\` | | yes | a link that ends the session |

The types \`Session\`, \`SignedIn\` and \`SignedOut\` of the [client](front-end.md#the-client) say the same.

The private listener has its own endpoints: [health, metrics](operations.md) and [sessions](sessions.md).
`;
}
