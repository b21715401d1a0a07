/** Long-running load: WebSocket echoes, event streams, sign-ins. */
import { get } from 'node:http';
import { WebSocket } from 'ws';
import { HEADERS, signIn } from './browser.ts';

export interface Figures {
  /** Messages, events or sign-ins per second. */
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  errors: number;
}

function summarize(samples: number[], seconds: number, errors: number): Figures {
  const sorted = samples.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { perSecond: samples.length / seconds, p50: at(0.5), p99: at(0.99), errors };
}

/** Each socket sends 256 bytes, waits for the echo and sends again. */
export async function runEchoes(url: string, cookie: string, sockets: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const endsAt = performance.now() + seconds * 1000;
  const runSocket = () =>
    new Promise<void>((resolve) => {
      const origin = new URL(url).origin;
      const socket = new WebSocket(`${url.replace('http', 'ws')}/streams/echo`, { headers: { cookie, origin } });
      let sent = 0;
      const send = () => {
        if (performance.now() > endsAt) return socket.close();
        sent = performance.now();
        socket.send('x'.repeat(256));
      };
      socket.on('open', send).on('message', () => {
        samples.push(performance.now() - sent);
        send();
      });
      socket.on('error', () => (errors += 1)).on('close', () => resolve());
      // A peer that never responds must not block the others.
      setTimeout(() => socket.terminate(), (seconds + 5) * 1000).unref();
    });
  await Promise.all(Array.from({ length: sockets }, runSocket));
  return summarize(samples, seconds, errors);
}

/** Opens event streams with ten events a second; counts received events and their delay. */
export async function runListeners(url: string, cookie: string, count: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const requests = Array.from({ length: count }, () => {
    const headers = { ...HEADERS, cookie, accept: 'text/event-stream' };
    const request = get(`${url}/streams/events`, { headers, agent: false }, (res) => {
      if (res.statusCode !== 200) errors += 1;
      res.on('data', (chunk: Buffer) => {
        for (const [, at] of chunk.toString().matchAll(/data: ([\d.]+)/g))
          samples.push(performance.timeOrigin + performance.now() - Number(at));
      });
      res.on('error', () => {});
    });
    request.on('error', () => (errors += 1));
    return request;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  samples.length = 0;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const result = summarize(samples, seconds, errors);
  for (const request of requests) request.destroy();
  return result;
}

/** Repeated sign-ins by concurrent browsers. */
export async function runSignIns(start: string, browsers: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const endsAt = performance.now() + seconds * 1000;
  const runBrowser = async () => {
    while (performance.now() < endsAt) {
      const startedAt = performance.now();
      await signIn(start).then(
        () => samples.push(performance.now() - startedAt),
        () => (errors += 1),
      );
    }
  };
  await Promise.all(Array.from({ length: browsers }, runBrowser));
  return summarize(samples, seconds, errors);
}
