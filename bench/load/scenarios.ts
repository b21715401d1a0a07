/** What is measured: the load of each scenario, and the contenders that it is for. */
import type { Contender } from '../peers/contenders.ts';
import type { Row } from '../report/report.ts';
import { OTHER_CORE, type RunningContender } from '../running.ts';
import { runH2load } from './h2load.ts';
import { runEchoes, runListeners, runSignIns } from './streams.ts';
import { type LoadOptions, type LoadResult, runWrk } from './wrk.ts';

/** Seconds of each round of a warm-up. */
const WARM_UP_SECONDS = 3;
const SMALL = '/api/small.json';
/** Connections of HTTP/2 that share 64 concurrent requests. */
const HTTP2_CONNECTIONS = 8;
const HTTP2_STREAMS = 64;

type Figures = Pick<Row, 'count' | 'perSecond' | 'p50' | 'p99' | 'errors'>;

export interface Scenario {
  name: string;
  /** Name of the scenario to alternate with: their figures are compared, and the speed of the machine varies over time. */
  alternateWith?: string;
  title: string;
  appliesTo(contender: Contender): boolean;
  measure(contender: RunningContender): Promise<Figures>;
}

const withoutTls = ({ tls = false }: Contender) => !tls;
const withTls = ({ tls = false }: Contender) => tls;

async function figuresOf(outcome: Promise<LoadResult>): Promise<Figures> {
  const { requests, seconds, p50, p99, errors } = await outcome;
  return { count: requests, perSecond: requests / seconds, p50: p50 / 1000, p99: p99 / 1000, errors };
}

function optionsFor({ url, cookie }: RunningContender, connections: number, seconds: number): LoadOptions {
  const headers: Record<string, string> = cookie === '' ? {} : { cookie };
  return { url: url + SMALL, headers, connections, seconds, core: OTHER_CORE };
}

const http = (name: string, title: string, connections: number, seconds: number): Scenario => ({
  name,
  title,
  appliesTo: withoutTls,
  measure: (contender) => figuresOf(runWrk(optionsFor(contender, connections, seconds))),
});

const runHttp2 = (contender: RunningContender, seconds: number) =>
  runH2load({ ...optionsFor(contender, HTTP2_CONNECTIONS, seconds), streams: HTTP2_STREAMS / HTTP2_CONNECTIONS });

function callers(token: string, seconds: number): Scenario[] {
  const headers = { authorization: `Bearer ${token}` };
  const appliesTo = (contender: Contender) => withoutTls(contender) && contender.validatesTokens === true;
  return [
    {
      ...http('bearer', "1 KB, 64 connections, the client's own access token", 64, seconds),
      appliesTo,
      measure: (contender) => figuresOf(runWrk({ ...optionsFor(contender, 64, seconds), headers })),
    },
    {
      ...http('cookie', 'The same with a session cookie, measured in turn', 64, seconds),
      alternateWith: 'bearer',
      appliesTo,
    },
  ];
}

const overTls = (seconds: number): Scenario[] => [
  { ...http('tls', '1 KB, 64 connections, TLS', 64, seconds), appliesTo: withTls },
  {
    name: 'h2',
    alternateWith: 'tls',
    title:
      '1 KB, 64 concurrent requests on 8 connections of HTTP/2, measured in turn (products without HTTP/2 are compared by the table above)',
    appliesTo: (contender) => withTls(contender) && contender.speaksHttp2 !== false,
    measure: (contender) => figuresOf(runHttp2(contender, seconds)),
  },
];

function sustained(seconds: number): Scenario[] {
  const scenario = (
    name: string,
    title: string,
    measure: (contender: RunningContender) => ReturnType<typeof runEchoes>,
  ): Scenario => ({
    name,
    title,
    appliesTo: (contender) =>
      withoutTls(contender) && (name === 'logins' ? contender.login !== undefined : contender.streams),
    async measure(contender) {
      const figures = await measure(contender);
      return { count: figures.perSecond * seconds, ...figures };
    },
  });
  return [
    scenario('websocket', 'WebSocket echo of 256 bytes, 64 sockets', ({ url, cookie }) =>
      runEchoes(url, cookie, 64, seconds),
    ),
    scenario('events', 'Event streams, 500 listeners, 10 events a second', ({ url, cookie }) =>
      runListeners(url, cookie, 500, seconds),
    ),
    scenario('logins', 'Sign-ins, 8 browsers', ({ url, login = '' }) => runSignIns(url + login, 8, seconds)),
  ];
}

/** All scenarios, each measured for some seconds; the token is that of a client without a session. */
export const scenariosWith = (token: string, seconds: number): Scenario[] => [
  http('c64', '1 KB, 64 connections', 64, seconds),
  http('c1', '1 KB, 1 connection', 1, seconds),
  ...callers(token, seconds),
  http('c1000', '1 KB, 1,000 connections', 1000, seconds),
  http('c10000', '1 KB, 10,000 connections', 10_000, seconds),
  {
    ...http('big', '50 KB, 64 connections', 64, seconds),
    measure: (contender) =>
      figuresOf(runWrk({ ...optionsFor(contender, 64, seconds), url: `${contender.url}/api/big.json` })),
  },
  ...overTls(seconds),
  ...sustained(seconds),
];

/** One round of load before the measurements. */
export async function warmUp(contender: RunningContender): Promise<void> {
  await runWrk(optionsFor(contender, 64, WARM_UP_SECONDS));
  if (withTls(contender) && contender.speaksHttp2 !== false) await runHttp2(contender, WARM_UP_SECONDS);
}
