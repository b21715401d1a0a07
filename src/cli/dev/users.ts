/** The users of `bff-gateway dev`: three that are built in, or those of a file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { DevelopmentUser } from '../../testing/provider/options.ts';

/** The users without a file. */
export const BUILT_IN_USERS: readonly DevelopmentUser[] = [
  { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', roles: ['admin', 'user'] },
  { sub: 'grace', name: 'Grace Hopper', email: 'grace@example.com', roles: ['user'] },
  { sub: 'linus', name: 'Linus Pauling', email: 'linus@example.com', roles: [] },
];

const TEXTS = ['name', 'email'] as const;
const LISTS = ['roles', 'groups', 'scopes'] as const;
const MEMBERS: readonly string[] = ['sub', ...TEXTS, ...LISTS, 'claims'];

const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** What is wrong with a user of the file; undefined if nothing is. */
function faultOf(user: unknown): string | undefined {
  if (!isRecord(user)) return 'expected a mapping such as { sub: ada, name: Ada, roles: [admin] }';
  if (typeof user.sub !== 'string' || user.sub === '') return 'sub is required, as text';
  const unknown = Object.keys(user).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined)
    return `${unknown} is unknown; further claims belong below claims (known: ${MEMBERS.join(', ')})`;
  const text = TEXTS.find((name) => user[name] !== undefined && typeof user[name] !== 'string');
  if (text !== undefined) return `${text}: expected text`;
  const list = LISTS.find((name) => user[name] !== undefined && !isTexts(user[name]));
  if (list !== undefined) return `${list}: expected a list of text`;
  return user.claims === undefined || isRecord(user.claims) ? undefined : 'claims: expected a mapping';
}

/** Whether an entry of the file is a user; throws an Error that says what is wrong. */
function assertUser(user: unknown, where: string): asserts user is DevelopmentUser {
  const fault = faultOf(user);
  if (fault !== undefined) throw new Error(`${where}: ${fault}`);
}

/** The users of a YAML or JSON file: a list, each with `sub`. Throws an Error that says what is wrong. */
export function readUsers(file: string): readonly DevelopmentUser[] {
  let list: unknown;
  try {
    list = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(messageOf(error));
  }
  if (!Array.isArray(list) || list.length === 0)
    throw new Error('expected a list of users, such as [{ sub: ada, name: Ada }]');
  return list.map((user: unknown, index) => {
    assertUser(user, `user ${index + 1}`);
    return user;
  });
}
