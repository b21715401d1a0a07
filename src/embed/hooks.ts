/** The hooks of the program that mounts a gateway. */
import { messageOf } from '../base/errors.ts';
import { closestMatch } from '../config/messages/suggest.ts';
import { ConfigError } from '../config/validate/faults.ts';
import type { Hooks, Plugin } from '../hooks/hooks.ts';
import { readHooks } from '../hooks/read-plugin.ts';

export interface HookOptions {
  /** Functions that the gateway calls at fixed points (docs/plugins.md); of several, in this order. */
  hooks?: Hooks | readonly Hooks[];
}

/** Returns the plugins. Throws `ConfigError` for a name that no hook has. */
export function pluginsOf({ hooks }: HookOptions): Plugin[] {
  try {
    return readHooks(hooks, closestMatch);
  } catch (error) {
    throw new ConfigError([{ path: '', message: messageOf(error) }]);
  }
}
