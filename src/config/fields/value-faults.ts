/** What is wrong with a value of the configuration, in words of its author: `what is wrong; what to write`. */
import { formatSize, meantDuration, meantSize } from './units.ts';

/** Longest text that a message repeats. */
const MAX_SHOWN = 80;

/** A text without what may be the credentials of a URL, also of one whose scheme is missing or whose password is not encoded. */
export const withoutCredentials = (text: string) => text.replace(/^(\s*(?:[^\s:/@]*:\/{0,2}|\/\/)).*@/s, '$1***@');

/** A value as messages show it; the credentials of a URL are left out. */
export function shown(value: string | number | boolean | bigint): string {
  if (typeof value !== 'string') return String(value);
  const text = withoutCredentials(value);
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}

const isPlainNumber = (text: string) => /^\d{1,15}$/.test(text);

/** What is wrong with a value that is no duration; undefined if it is neither a number nor text. */
export function durationFault(input: unknown): string | undefined {
  if (typeof input !== 'number' && typeof input !== 'string') return undefined;
  const text = String(input).trim();
  if (isPlainNumber(text)) return `${text} has no unit; write ${text}s, ${text}m or ${text}h, whichever is meant`;
  const meant = typeof input === 'string' ? meantDuration(text) : undefined;
  return meant === undefined
    ? `${shown(input)} is not a duration; write one such as 500ms, 30s, 15m, 8h or 7d`
    : `${shown(input)} is not in the form of a duration; write ${meant}`;
}

/** What is wrong with a value that is no size; undefined if it is neither a number nor text. */
export function sizeFault(input: unknown): string | undefined {
  if (typeof input !== 'number' && typeof input !== 'string') return undefined;
  const text = String(input).trim();
  if (isPlainNumber(text)) return `${text} has no unit; write ${formatSize(Number(text))} for ${text} bytes`;
  const meant = typeof input === 'string' ? meantSize(text) : undefined;
  return meant === undefined
    ? `${shown(input)} is not a size; write one such as 512b, 16kb, 10mb or 1gb`
    : `${shown(input)} is not in the form of a size; write ${meant}`;
}

const isHttp = ({ protocol }: URL) => protocol === 'http:' || protocol === 'https:';

/** What is wrong with a text that is no absolute HTTP URL without credentials and fragment; undefined if it is one. */
export function urlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url !== null && isHttp(url)) {
    if (url.username !== '' || url.password !== '')
      return `${shown(text)} contains credentials; write the URL without user and password`;
    return url.hash === '' ? undefined : `${shown(text)} has a fragment; write ${text.split('#')[0]}`;
  }
  const rest = text.replace(/^\/\//, '');
  if (/^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:\d))(:\d+)?(\/\S*)?$/i.test(rest))
    return `${shown(text)} has no scheme; write http${/^(localhost|127\.)/.test(rest) ? '' : 's'}://${rest}`;
  return url === null
    ? `${shown(text)} is not a URL; write one such as https://app.example.com`
    : `${shown(text)} has another scheme than http and https; write a URL such as https://app.example.com`;
}

/** The longest path of a Unix socket that Linux accepts (unix(7)); a terminating zero takes the last byte. */
const MAX_SOCKET_PATH_BYTES = 107;

/** What is wrong with a text that is neither an HTTP URL nor that of a Unix socket; undefined if it is one. */
export function serverUrlFault(text: string): string | undefined {
  if (!/^unix:/i.test(text)) return urlFault(text);
  const path = text.replace(/^unix:\/*/i, '/');
  if (text !== `unix://${path}` || path === '/' || path.endsWith('/'))
    return `${shown(text)} does not name a Unix socket; write unix:// and its absolute path, such as unix:///run/orders.sock`;
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return undefined;
  return `the path of the Unix socket has ${bytes} bytes; the system accepts ${MAX_SOCKET_PATH_BYTES}`;
}

/** What is wrong with a text that is no origin; undefined if it is one. */
export function originFault(text: string): string | undefined {
  const fault = urlFault(text);
  const url = URL.parse(text);
  if (fault !== undefined || url === null) return fault;
  if (url.origin === text) return undefined;
  if (text === `${url.origin}/`) return `${shown(text)} ends with a slash; write ${url.origin}`;
  const extra = url.search !== '' ? 'a query' : url.pathname !== '/' ? 'a path' : undefined;
  return extra === undefined
    ? `${shown(text)} is not in the form that browsers send; write ${url.origin}`
    : `${shown(text)} has ${extra}; write only the origin: ${url.origin}`;
}
