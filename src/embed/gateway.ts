/** Creates a gateway that an application mounts in its Node server. */
import type { Gateway, GatewayOptions } from './gateway-types.ts';
import type { ConfigSource } from './load.ts';
import { mountGateway } from './mounted.ts';

/**
 * Creates a gateway from a YAML file, an object, or the result of `loadConfig`. It opens no listeners, so `listen` and the
 * addresses of `admin` have no effect. Throws `ConfigError` when the configuration is invalid.
 */
export function createGateway(source: ConfigSource, options: GatewayOptions = {}): Gateway {
  return mountGateway(source, options, {}).gateway;
}
