/** Warnings about keys and secrets: those that are written in the file, and those that can be guessed. */
import { isLoopbackHost } from '../../base/loopback.ts';
import { appsOf } from '../schema/apps.ts';
import type { Config } from '../schema/schema.ts';
import { EXAMPLE_KEY } from '../sections/examples.ts';
import type { Combination } from './warning.ts';

/** Whether the configuration serves the developer alone. */
const isForDevelopment = (config: Config) =>
  appsOf(config).every(
    ({ development, publicUrl }) => development.allowInsecureHttp && isLoopbackHost(new URL(publicUrl).hostname),
  );

const MAX_NAMES = 5;

export const writtenSecrets: Combination = {
  id: 'secret-in-file',
  when: 'a key, secret or password is written in the configuration file',
  hint: 'write { file: ./NAME }, or { env: NAME }: who reads or copies the configuration gets no secret then',
  shared: true,
  find: ({ config, writtenSecrets: options = [] }) => {
    if (options.length === 0 || isForDevelopment(config)) return [];
    const more = options.length - MAX_NAMES;
    const names = `${options.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    return [`${names} ${options.length === 1 ? 'is' : 'are'} written as text in the configuration file`];
  },
};

/** Bits of information below which a key is unlikely to be random: 32 random hexadecimal digits have about 115, hardly ever 90. */
const MIN_BITS = 80;

/** The information in a text, estimated from the frequency of its characters. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(count / text.length), 0);
}

const SEQUENCES = ['abcdefghijklmnopqrstuvwxyz', '01234567890123456789', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const SEQUENCE_LENGTH = 6;

/** Whether a text has a part of the alphabet, of the digits in order, or of a row of keys. */
function hasSequence(text: string): boolean {
  const lower = text.toLowerCase();
  return SEQUENCES.some((sequence) =>
    Array.from({ length: sequence.length - SEQUENCE_LENGTH + 1 }, (_, start) =>
      sequence.slice(start, start + SEQUENCE_LENGTH),
    ).some((part) => lower.includes(part)),
  );
}

/** Why a key can be guessed; undefined if nothing suggests it. */
function weaknessOf(key: string): string | undefined {
  if (key === EXAMPLE_KEY) return 'is the example of the documentation';
  if (/[\0\uFFFD]/.test(key)) return 'holds bytes that are not text, which are lost';
  if (/^(.{1,16}?)\1+.{0,15}$/s.test(key)) return 'repeats itself';
  if (hasSequence(key)) return 'has characters in the order of the alphabet, the digits or the keyboard';
  return bitsOf(key) < MIN_BITS ? 'has too few different characters' : undefined;
}

export const weakKeys: Combination = {
  id: 'weak-key',
  when: '`secrets.keys` or `admin.secret` is the example of the documentation, repeats itself, or is not random',
  hint: 'create one with: bff-gateway keys new',
  shared: true,
  find: (facts) => {
    const keys = appsOf(facts.config).flatMap(({ secrets, admin }): [string, string | undefined][] => [
      ...secrets.keys.map(({ id, value }): [string, string] => [`the key ${id} of secrets.keys`, value]),
      ['admin.secret', admin.secret],
    ]);
    const found = keys.flatMap(([name, value]) => {
      const weakness = value === undefined ? undefined : weaknessOf(value);
      return weakness === undefined ? [] : [`${name} ${weakness}`];
    });
    return isForDevelopment(facts.config) ? [] : [...new Set(found)];
  },
};
