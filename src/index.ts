/** Entry point of the npm package: a gateway that is mounted in a Node server, and its configuration. */
export type { Loaded } from './config/load/load.ts';
export type { ReloadResult } from './config/load/reload-plan.ts';
export type { Config, ConfigInput } from './config/schema/schema.ts';
export type { Fault } from './config/validate/faults.ts';
export { ConfigError } from './config/validate/faults.ts';
export type {
  AccessTokenOptions,
  AdmittedUser,
  BffRequest,
  Middleware,
  RequestBff,
  RequireUserOptions,
  Session,
} from './embed/caller-types.ts';
export { createGateway } from './embed/gateway.ts';
export type { Gateway, GatewayOptions } from './embed/gateway-types.ts';
export { type ConfigSource, defineConfig, type LoadOptions, loadConfig } from './embed/load.ts';
export type * from './hooks/events.ts';
export type { CallOutcome, CallRefusal, Hooks, LoginOutcome } from './hooks/hooks.ts';
