/** Recognizes requests for which the index page of a single-page app is the response. */
import type { IncomingMessage } from 'node:http';
import accepts from 'accepts';
import type { Request } from 'express';
import { firstRanges } from '../base/media-type.ts';
import { isDocumentRequest } from '../policy/navigation.ts';

/** Extensions of assets: a navigation to a missing one is not found, while `/users/john.doe` is a path of the app. */
const ASSET =
  /\.(?:[cm]?js|map|css|html?|json5?|webmanifest|xml|txt|md|ya?ml|csv|wasm|pdf|zip|gz|br|tar|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[agv]|wav)$/i;

/** Returns the path percent-decoded if that is possible. */
export function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Browsers send far less, and a header as long as the head of a request takes tens of milliseconds. */
const MAX_ACCEPT_LENGTH = 1_000;

/** Whether the client accepts HTML, and prefers no JSON. */
function acceptsPage({ headers: { accept } }: Pick<Request, 'headers'>): boolean {
  const headers = accept === undefined ? {} : { accept: firstRanges(accept, MAX_ACCEPT_LENGTH) };
  // Only this header is read.
  return accepts({ headers } as IncomingMessage).types(['html', 'json']) === 'html';
}

/** Whether the index page is the response. A path that ends like a file name is one of the app only for a document. */
export function wantsPage(req: Request): boolean {
  if ((req.method !== 'GET' && req.method !== 'HEAD') || !acceptsPage(req)) return false;
  // A path with a name that begins with a dot is one of a file, or of nothing.
  if (ASSET.test(req.path) || /[/\\]\./.test(decoded(req.path))) return false;
  return !/\.[A-Za-z0-9]{1,8}$/.test(req.path) || isDocumentRequest(req.headers);
}
