/** Log lines for people: time, level and message, then the other fields on the same line. */
import { createRequire } from 'node:module';

/** Returns a JSON line in another form, with its line break. */
export type FormatLine = (line: string) => string;

/** Fields that a person reads in the message, or does not need on a terminal. */
const HIDDEN = [
  'audit',
  'event',
  'access',
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.scheme',
  'user_agent.original',
];

/** An escape in the text of a JSON line. */
const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|.)/g;
const CONTROLS = /^\\[ubfnrt]/;

/** Keeps control characters escaped: the text that is shown has a backslash where the JSON text has one. */
const keepEscaped = (line: string) => line.replace(ESCAPE, (found) => (CONTROLS.test(found) ? `\\${found}` : found));

/** Creates the form. The library is loaded here, because a gateway that writes JSON does not need it. */
export function createPrettyFormat(colorize: boolean): FormatLine {
  const require = createRequire(import.meta.url);
  const { prettyFactory }: typeof import('pino-pretty') = require('pino-pretty');
  const pretty = prettyFactory({
    colorize,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    errorLikeObjectKeys: [],
    // The names contain dots, which the library would take for paths.
    ignore: HIDDEN.map((name) => name.replaceAll('.', '\\.')).join(','),
  });
  return function formatPretty(line) {
    const { level = 'info', event, msg = event, ...fields } = JSON.parse(keepEscaped(line));
    return pretty({ level, msg: fields.audit === true ? `audit: ${msg}` : msg, ...fields });
  };
}
