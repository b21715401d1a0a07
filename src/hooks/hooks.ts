/** Hooks: functions of an application or a plugin that the gateway calls at fixed points; docs/plugins.md describes them. */
import type {
  AuditHookEvent,
  CallEvent,
  JsonObject,
  LoginEvent,
  LogoutEvent,
  SessionHookEvent,
  TokensEvent,
} from './events.ts';

/** What `onLogin` may return: data for the session, or a refusal. */
export type LoginOutcome =
  | {
      /** Kept sealed in the session; other hooks get it. At most 4 KiB of JSON over all plugins. */
      readonly data: JsonObject;
    }
  | {
      /** A sentence for the user. The sign-in ends with 403 `login_refused`. */
      readonly refuse: string;
    };

/** A refusal of a request to an upstream. */
export interface CallRefusal {
  /** A status from 400 to 499, except 401, 407, 408, 421 and 426, which have a meaning in HTTP. Default: 403. */
  readonly status?: number | undefined;
  /** A sentence for the client. */
  readonly detail: string;
}

/** What `onCall` may return: headers for the upstream, or a refusal. */
export type CallOutcome =
  | {
      /** Headers by name; undefined removes the header. */
      readonly headers: Readonly<Record<string, string | undefined>>;
    }
  | { readonly refuse: CallRefusal };

type Result<T> = T | undefined | Promise<T | undefined>;
type NoResult = unknown;

/**
 * The hooks of one plugin. Plugins run in the order given, one after the other. Each run of a hook has the time limit
 * `hooks.timeout`, after which its `signal` is aborted and the run counts as failed.
 */
export interface Hooks {
  /** Names the plugin in logs, metrics and errors. */
  readonly name?: string | undefined;
  /**
   * After the response of the provider was verified, before there is a session. A failure refuses the sign-in: 500
   * `hook_failed`. The tokens of a refused sign-in are revoked.
   */
  onLogin?(event: LoginEvent): Result<LoginOutcome>;
  /** Returns members of `custom` in the response of `/session`. After a failure the response has no `custom`. */
  onSession?(event: SessionHookEvent): Result<JsonObject>;
  /** After tokens were stored, in the background. A failure is logged. */
  onTokens?(event: TokensEvent): NoResult;
  /**
   * Before a request that the rules allow is forwarded. A failure refuses the request with 500 `hook_failed`; the upstream is
   * not contacted.
   */
  onCall?(event: CallEvent): Result<CallOutcome>;
  /** After an audit event was recorded, in the background, one event at a time. A failure is logged. */
  onAudit?(event: AuditHookEvent): NoResult;
  /** After a session ended, in the background. A failure is logged. */
  onLogout?(event: LogoutEvent): NoResult;
}

/** The names of the hooks. */
export const HOOK_NAMES = ['onLogin', 'onSession', 'onTokens', 'onCall', 'onAudit', 'onLogout'] as const;

export type HookName = (typeof HOOK_NAMES)[number];

/** The event of each hook. */
export interface HookEvents {
  readonly onLogin: LoginEvent;
  readonly onSession: SessionHookEvent;
  readonly onTokens: TokensEvent;
  readonly onCall: CallEvent;
  readonly onAudit: AuditHookEvent;
  readonly onLogout: LogoutEvent;
}

/** Hooks that were checked, under the name that logs have for them. */
export interface Plugin {
  readonly name: string;
  readonly hooks: Hooks;
}
