/** Load that lasts: echoes over WebSockets, event streams that many listen to, sign-ins one after the other. */
import { get } from 'node:http';
import { WebSocket } from 'ws';
import { HEADERS, signIn } from './browser.ts';

export interface Figures {
  /** Of the thing that is counted, in a second. */
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  errors: number;
}

function figures(samples: number[], seconds: number, errors: number): Figures {
  const sorted = samples.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { perSecond: samples.length / seconds, p50: at(0.5), p99: at(0.99), errors };
}

/** So many sockets send 256 bytes, and the next ones when these are back. */
export async function echoes(url: string, cookie: string, sockets: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const until = performance.now() + seconds * 1000;
  const one = () =>
    new Promise<void>((resolve) => {
      const origin = new URL(url).origin;
      const socket = new WebSocket(`${url.replace('http', 'ws')}/streams/echo`, { headers: { cookie, origin } });
      let sent = 0;
      const send = () => {
        if (performance.now() > until) return socket.close();
        sent = performance.now();
        socket.send('x'.repeat(256));
      };
      socket.on('open', send).on('message', () => {
        samples.push(performance.now() - sent);
        send();
      });
      socket.on('error', () => (errors += 1)).on('close', () => resolve());
      // A peer that never answers must not hold the others up.
      setTimeout(() => socket.terminate(), (seconds + 5) * 1000).unref();
    });
  await Promise.all(Array.from({ length: sockets }, one));
  return figures(samples, seconds, errors);
}

/** So many listeners of a stream of ten events a second: events that arrive, and how late. */
export async function listeners(url: string, cookie: string, count: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const open = Array.from({ length: count }, () => {
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
  const result = figures(samples, seconds, errors);
  for (const request of open) request.destroy();
  return result;
}

/** Sign-ins by so many browsers at a time; returns the figures and the cookies. */
export async function signIns(start: string, browsers: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let errors = 0;
  const until = performance.now() + seconds * 1000;
  const one = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await signIn(start).then(
        () => samples.push(performance.now() - began),
        () => (errors += 1),
      );
    }
  };
  await Promise.all(Array.from({ length: browsers }, one));
  return figures(samples, seconds, errors);
}
