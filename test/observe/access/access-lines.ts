/** Access lines in the log of a gateway. */
import type { TestGateway } from '../../support/gateway.ts';
import { until } from '../../support/wait.ts';

export type AccessLine = Record<string, unknown>;

/** All access lines so far. */
export function accessLines(text: string): AccessLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): AccessLine => JSON.parse(line))
    .filter(({ access }) => access === true);
}

/** The access line of a request, once it is written. */
export function lineOf({ logText }: Pick<TestGateway, 'logText'>, requestId: string | null | undefined) {
  return until(() => accessLines(logText()).find((line) => line.requestId === requestId), {
    timeout: 20_000,
    what: `the access line of ${requestId}`,
  });
}
