/** Parameters of a request to an endpoint: query and form body. */
import type { Request } from 'express';
import { GatewayError } from '../../base/errors.ts';
import { contextOf } from './context.ts';

/** The parameters of the query; may hold a name several times. */
export function queryParams(req: Request): URLSearchParams {
  return new URLSearchParams(contextOf(req).target.query);
}

/** The parameters of a form body that `parseForm` read; empty without one. */
export function formParams({ body }: Request): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

/** Returns the parameters, or throws `duplicate_parameter` when a name is repeated (RFC 6749 section 3.1). */
export function singleParams(params: URLSearchParams): URLSearchParams {
  const names = [...params.keys()];
  if (new Set(names).size !== names.length) throw new GatewayError('duplicate_parameter');
  return params;
}
