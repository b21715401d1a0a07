/** Schema of `limits` of a route or a rule: how many requests each caller may send, and how many at a time. */
import { z } from 'zod';
import { duration } from '../fields/fields.ts';
import { formatDuration } from '../fields/units.ts';

const by = z
  .union([
    z
      .enum(['user', 'client', 'session', 'address', 'all'])
      .describe(
        'user: the user, over all sessions and clients. client: the client that the access token was issued to. session: the session. address: the address of the client (IPv6: one /64). all: everyone together.',
      ),
    z.strictObject({
      claim: z.string().min(1).describe('Path of a claim of the access token, such as tenant or realm_access.tenant.'),
    }),
  ])
  .describe(
    'Whose requests count together. Signed-in callers without the property count by their user or client; requests without credentials count for address and all only.',
  );

const limit = z
  .strictObject({
    by,
    requests: z.number().int().min(1).max(1_000_000_000).optional().describe('Maximum requests within `per`.'),
    per: duration('1s', '1d').optional().describe('The sliding window of `requests`, such as 1m.'),
    concurrent: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Maximum requests at a time. Event streams and WebSockets count as long as they are open.'),
    mode: z
      .enum(['shared', 'strict'])
      .default('shared')
      .describe(
        'For `requests`. shared: each process counts on its own and synchronizes with the store, so that most requests need no round trip; a caller may exceed the limit by up to 10 %. strict: each request asks the store, and the limit is exact.',
      ),
    onStoreOutage: z
      .enum(['local', 'refuse'])
      .default('local')
      .describe(
        'While the store is unavailable. local: each process applies the limit on its own. refuse: 503 for requests that the store would have to count.',
      ),
  })
  .superRefine(({ requests, per, concurrent }, context) => {
    const fault = (option: string, message: string) => context.addIssue({ code: 'custom', path: [option], message });
    if ((requests === undefined) === (concurrent === undefined))
      fault('requests', 'expected either requests with per, or concurrent; write two entries for both');
    else if (requests !== undefined && per === undefined) fault('per', 'expected per beside requests, such as per: 1m');
    else if (concurrent !== undefined && per !== undefined) fault('per', 'per belongs to requests, not to concurrent');
  });

export type CallerLimit = z.output<typeof limit>;

/** The limits of a route, or of a rule. */
export const callerLimits = () =>
  z
    .array(limit)
    .min(1)
    .max(10)
    .optional()
    .describe(
      'Limits for each caller; a request that exceeds one receives 429 (docs/traffic.md). All entries apply, those of the rule beside those of its route.',
    );

const whoseOf = ({ by }: CallerLimit) => (typeof by === 'object' ? by.claim.replaceAll(/[^A-Za-z0-9._-]/g, '-') : by);

/** The names of the limits of a list, such as `user-1m`; `prefix` tells the lists of a route apart, and a number those that are alike. */
export function limitNames(limits: readonly CallerLimit[], prefix = ''): string[] {
  const seen = new Map<string, number>();
  return limits.map((entry) => {
    const what = entry.concurrent === undefined ? formatDuration(entry.per ?? 0) : 'concurrent';
    const name = `${prefix}${whoseOf(entry)}-${what}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}

/** The prefix of the names of limits of a rule, by its index. */
export const rulePrefix = (index: number) => `rule-${index + 1}-`;
