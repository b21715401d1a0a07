/** Streams a request body to the upstream: read only as fast as the upstream takes it, counted, and stoppable. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../../base/errors.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import { CONTINUE } from '../../edge/framing.ts';
import { discardRest, hasBody } from '../../edge/request-body.ts';
import { hasUnusualBody } from '../../upstream/http/request-head.ts';

export interface UploadOptions {
  /** Maximum body size in bytes. */
  maxBody?: number | undefined;
  /** Maximum silence of the client in milliseconds; 0 is no limit. */
  idle: number;
}

/** Returns whether the client waits for 100 before it sends the body (RFC 9110 section 10.1.1: not in HTTP/1.0). */
export function expectsContinue(req: IncomingMessage): boolean {
  const { expect } = req.headers;
  return expect !== undefined && req.httpVersion === '1.1' && CONTINUE.test(expect);
}

/**
 * Throws `bad_request` for a body that the route does not accept with this method, and `payload_too_large` for one that
 * declares more than `maxBody` bytes.
 */
export function checkBody(req: IncomingMessage, { bodies, maxBody }: Pick<RouteConfig, 'bodies' | 'maxBody'>): void {
  if (bodies === 'strict' && hasUnusualBody(req.method ?? 'GET', hasBody(req))) {
    discardRest(req);
    throw new GatewayError('bad_request', { hint: 'Only POST, PUT and PATCH may have a body here.' });
  }
  const declared = Number(req.headers['content-length'] ?? 0);
  if (maxBody !== undefined && declared > maxBody) {
    discardRest(req);
    throw new GatewayError('payload_too_large', { detail: `declared ${declared}, allowed ${maxBody}` });
  }
}

/**
 * Returns the body as a stream for the upstream connection. Not the request itself: a reader that finishes early destroys
 * its source, and the client must still receive a response. Nothing is read, and no 100 is sent, before the first `read`,
 * which happens when the upstream connection is established.
 */
export function openUpload(req: IncomingMessage, res: ServerResponse, { maxBody, idle }: UploadOptions): Readable {
  let started = false;
  let received = 0;
  let silence: NodeJS.Timeout | undefined;

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
