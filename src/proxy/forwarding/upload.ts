/** A request body on its way up: read from the client only as fast as the upstream takes it, counted, and stoppable. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../../base/errors.ts';
import { discardRest } from '../../edge/request-body.ts';

export interface UploadOptions {
  /** Largest body in bytes. */
  maxBody?: number | undefined;
  /** Longest silence of the client in milliseconds; 0 is no limit. */
  idle: number;
}

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Whether the client waits for 100 before it sends the body (RFC 9110 section 10.1.1: nobody does in HTTP/1.0). */
export function expectsContinue(req: IncomingMessage): boolean {
  const { expect } = req.headers;
  return expect !== undefined && req.httpVersion === '1.1' && CONTINUE.test(expect);
}

/** Refuses a body that declares more than `maxBody` bytes. */
export function checkLength(req: IncomingMessage, maxBody: number | undefined): void {
  const declared = Number(req.headers['content-length'] ?? 0);
  if (maxBody !== undefined && declared > maxBody) {
    discardRest(req);
    throw new GatewayError('payload_too_large', { detail: `declared ${declared}, allowed ${maxBody}` });
  }
}

/**
 * The body as a stream for the upstream connection. Not the request itself: its reader destroys what it reads when it is
 * done early, and the client is still to get an answer. Nothing is read, and no 100 sent, before the first `read`, which
 * comes when the upstream connection stands.
 */
export function openUpload(req: IncomingMessage, res: ServerResponse, { maxBody, idle }: UploadOptions): Readable {
  let started = false;
  let received = 0;
  const onData = (chunk: Buffer) => {
    received += chunk.length;
    if (maxBody !== undefined && received > maxBody) {
      upload.destroy(new GatewayError('payload_too_large', { detail: `more than ${maxBody} bytes` }));
    } else if (!upload.push(chunk)) req.pause();
  };
  const onEnd = () => {
    clearTimeout(silence);
    upload.push(null);
  };
  const onSilence = () => {
    // A paused request is silent because the upstream does not read; that has a time limit of its own.
    if (req.isPaused()) silence?.refresh();
    else upload.destroy(new GatewayError('request_timeout', { detail: `no body byte for ${idle} ms` }));
  };
  let silence: NodeJS.Timeout | undefined;

  const start = () => {
    started = true;
    if (expectsContinue(req)) res.writeContinue();
    if (idle > 0) silence = setTimeout(onSilence, idle).unref();
    req.on('data', onData).on('end', onEnd);
  };
  const upload = new Readable({
    highWaterMark: req.readableHighWaterMark,
    read() {
      if (!started) return start();
      silence?.refresh();
      req.resume();
    },
    destroy(error, done) {
      clearTimeout(silence);
      req.off('data', onData).off('end', onEnd);
      done(error);
    },
  });
  upload.on('error', () => {});
  return upload;
}
