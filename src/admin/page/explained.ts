/** The form "explain" of the operator page: the same text as the command prints. */
import { messageOf } from '../../base/errors.ts';
import { configOfApps } from '../../config/schema/apps.ts';
import type { Config } from '../../config/schema/schema.ts';
import { chooseApp } from '../../explain/choose-app.ts';
import { type ExplainedRequest, explainRequest } from '../../explain/explain.ts';

/** The fields as they were sent, and either the text or what is wrong. */
export interface Explained {
  readonly method: string;
  readonly path: string;
  readonly claims: string;
  readonly address: string;
  readonly text?: string;
  readonly fault?: string;
}

/** Explains a request; a path is one below the origin of the selected app, where another app may have it. */
function explainAt(apps: readonly [Config, ...Config[]], selected: Config, request: ExplainedRequest): string {
  const url = request.path.startsWith('/') ? selected.publicUrl + request.path : request.path;
  const { app, path, origin } = chooseApp(configOfApps(apps), url);
  const text = explainRequest(app, { ...request, path, origin });
  return apps.length > 1 ? `app     ${app.app.id}\n${text}` : text;
}

/** Explains the request that the form describes; nothing is sent to an upstream. */
export function explainForm(apps: readonly [Config, ...Config[]], selected: Config, form: URLSearchParams): Explained {
  const field = (name: string) => form.get(name)?.trim() ?? '';
  const fields = {
    method: field('method').toUpperCase() || 'GET',
    path: field('path') || '/',
    claims: field('claims'),
    address: field('address'),
  };
  const { method, path, claims, address } = fields;
  try {
    const text = explainAt(apps, selected, {
      method,
      path,
      claims: claims === '' ? undefined : claims,
      address: address === '' ? undefined : address,
      now: Date.now(),
    });
    return { ...fields, text };
  } catch (error) {
    // The message names options of the command line; here they are fields.
    return { ...fields, fault: messageOf(error).replace(/^--/, '') };
  }
}
