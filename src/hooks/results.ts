/** Reads what hooks return. A result of another form is a failure of the hook: a misspelled `refuse` must not let anyone in. */
import type { JsonObject } from './events.ts';
import type { CallRefusal } from './hooks.ts';
import { InvalidResult } from './run-hook.ts';

/** Maximum bytes of the JSON that all plugins together keep in a session, or add to the response of `/session`. */
export const MAX_JSON_BYTES = 4096;
/** Maximum characters of a sentence for a user or a client. */
const MAX_SENTENCE = 500;
/** Statuses with a meaning in HTTP that a refusal does not have: credentials, retries, other servers and protocols. */
const UNSUITABLE_STATUS = new Set([401, 407, 408, 421, 426]);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The only member of a result, one of these; undefined if the hook returned nothing. */
function onlyMember(result: unknown, names: readonly string[]): [name: string, value: unknown] | undefined {
  if (result === undefined || result === null) return undefined;
  const expected = `expected nothing, or an object with ${names.join(' or ')}`;
  if (!isObject(result))
    throw new InvalidResult(`${expected}; got ${Array.isArray(result) ? 'a list' : typeof result}`);
  const [member, ...others] = Object.entries(result);
  if (!member || others.length > 0 || !names.includes(member[0]))
    throw new InvalidResult(`${expected}; got ${Object.keys(result).join(', ') || 'an empty object'}`);
  return member;
}

/** A copy of a JSON object; throws for anything that JSON cannot hold as an object. */
export function readJsonObject(value: unknown): JsonObject {
  if (!isObject(value)) throw new InvalidResult('expected a JSON object');
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    throw new InvalidResult('this object is not JSON');
  }
  const copy: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isObject(copy)) throw new InvalidResult('expected a JSON object');
  return copy as JsonObject;
}

/** The members of both; one of `added` replaces an earlier one of its name. Throws if their JSON is too large. */
export function mergeJson(earlier: JsonObject, added: JsonObject): JsonObject {
  const merged = { ...earlier, ...added };
  const bytes = Buffer.byteLength(JSON.stringify(merged));
  if (bytes > MAX_JSON_BYTES)
    throw new InvalidResult(`the JSON of all plugins has ${bytes} bytes; the maximum is ${MAX_JSON_BYTES}`);
  return merged;
}

/** A sentence for a person, on one line. */
function readSentence(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > MAX_SENTENCE || /\p{Cc}/u.test(value))
    throw new InvalidResult(`expected a sentence of 1 to ${MAX_SENTENCE} characters on one line`);
  return value;
}

/** The result of `onLogin`. */
export function readLogin(result: unknown): { data: JsonObject } | { refuse: string } | undefined {
  const member = onlyMember(result, ['data', 'refuse']);
  if (member === undefined) return undefined;
  const [name, value] = member;
  return name === 'refuse' ? { refuse: readSentence(value) } : { data: readJsonObject(value) };
}

function readRefusal(value: unknown): Required<CallRefusal> {
  if (!isObject(value)) throw new InvalidResult('refuse: expected an object with detail and status');
  const { status = 403, detail, ...others } = value;
  if (Object.keys(others).length > 0) throw new InvalidResult('refuse: expected detail and status only');
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 499)
    throw new InvalidResult('refuse.status: expected a status from 400 to 499');
  if (UNSUITABLE_STATUS.has(status))
    throw new InvalidResult(`refuse.status: ${status} has a meaning of its own in HTTP; 403 suits most refusals`);
  return { status, detail: readSentence(detail) };
}

/** Header changes by name in lower case; undefined removes a header. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;

function readHeaders(value: unknown, isAllowed: (name: string) => boolean): HeaderChanges {
  if (!isObject(value)) throw new InvalidResult('headers: expected an object of names and values');
  const entries = Object.entries(value).map(([name, text]): [string, string | undefined] => {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(name))
      throw new InvalidResult('headers: expected names of letters, digits and hyphens');
    if (!isAllowed(name)) throw new InvalidResult(`headers: ${name} belongs to HTTP or to the gateway`);
    if (text === undefined) return [name.toLowerCase(), undefined];
    // RFC 9110 section 5.5: visible ASCII; spaces at the ends would be lost.
    if (
      typeof text !== 'string' ||
      text.length > MAX_JSON_BYTES ||
      !/^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(text)
    )
      throw new InvalidResult(
        `headers: expected ${name} to be up to ${MAX_JSON_BYTES} characters of ASCII, without line breaks`,
      );
    return [name.toLowerCase(), text];
  });
  return Object.fromEntries(entries);
}

/** The result of `onCall`. */
export function readCall(
  result: unknown,
  isAllowed: (name: string) => boolean,
): { headers: HeaderChanges } | { refuse: Required<CallRefusal> } | undefined {
  const member = onlyMember(result, ['headers', 'refuse']);
  if (member === undefined) return undefined;
  const [name, value] = member;
  return name === 'refuse' ? { refuse: readRefusal(value) } : { headers: readHeaders(value, isAllowed) };
}

/** The result of `onSession`. */
export const readSession = (result: unknown): JsonObject | undefined =>
  result === undefined || result === null ? undefined : readJsonObject(result);
