/** The health of all targets of one upstream: limits how many are ejected at a time, and runs the checks of each. */
import type { ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import { type CheckSettings, HealthCheck } from './health-check.ts';
import type { HealthSettings } from './health-settings.ts';
import { type EjectionReason, TargetHealth } from './target-health.ts';

/** The part of an endpoint that its health needs. */
export interface ObservedTarget {
  /** URL of the target, as configured. */
  readonly url: string;
  /** Address that its name resolved to, if it is resolved apart. */
  readonly address: string | undefined;
  /** Host and port, for the Host header of checks. */
  readonly authority: string;
  /** Requests that it works on. */
  readonly inFlight: number;
  /** Sends a request to it, unobserved. */
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void;
}

/** Notified when a target is taken out or restored. */
export interface HealthEvents {
  onEjected(target: ObservedTarget, reason: EjectionReason, durationMs: number): void;
  onRestored(target: ObservedTarget): void;
}

export interface HealthGroupParts {
  readonly settings: HealthSettings;
  /** Undefined: targets are not checked. */
  readonly check?: CheckSettings | undefined;
  readonly events: HealthEvents;
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

interface Member {
  readonly health: TargetHealth;
  readonly check: HealthCheck | undefined;
}

export class HealthGroup {
  readonly #parts: HealthGroupParts;
  readonly #members = new Map<ObservedTarget, Member>();

  constructor(parts: HealthGroupParts) {
    this.#parts = parts;
  }

  /** Adds a target; `late`: while others already take requests. */
  add(target: ObservedTarget, late: boolean): TargetHealth {
    const { settings, events, clock, random } = this.#parts;
    const { maxRequests = Number.POSITIVE_INFINITY } = settings.breaker;
    const health = new TargetHealth({
      settings,
      random,
      isFull: () => target.inFlight >= maxRequests,
      mayEject: () => this.#mayEject(),
      onEjected: (reason, durationMs) => events.onEjected(target, reason, durationMs),
      onRestored: () => events.onRestored(target),
    });
    if (late) health.startSlowly(clock());
    this.#members.set(target, { health, check: this.#startCheck(target, health) });
    return health;
  }

  #startCheck(target: ObservedTarget, health: TargetHealth): HealthCheck | undefined {
    const { check, clock, random } = this.#parts;
    if (!check) return undefined;
    return new HealthCheck({
      settings: check,
      authority: target.authority,
      dispatch: (request, handler) => target.dispatch(request, handler),
      random,
      onResult: (passed) => health.onCheck(passed, clock()),
    });
  }

  /** Removes a target and ends its checks. */
  remove(target: ObservedTarget): void {
    this.#members.get(target)?.check?.close();
    this.#members.delete(target);
  }

  /**
   * Whether requests are refused while no target takes any. They are if a healthy target is full: those that are ejected
   * would not help. While none is healthy, requests go to all, because the failures may be those of the gateway's network.
   */
  get refuses(): boolean {
    const now = this.#parts.clock();
    const members = [...this.#members.values()];
    return members.some(({ health }) => health.isFull(now)) || members.length === 0;
  }

  /** A single target is never ejected; of two or more, one always may be. */
  #mayEject(): boolean {
    const { passive } = this.#parts.settings;
    const { size } = this.#members;
    if (passive === false || size < 2 || passive.maxEjected === 0) return false;
    const max = Math.max(1, Math.floor((size * passive.maxEjected) / 100));
    let unavailable = 0;
    for (const { health } of this.#members.values()) if (health.unavailable) unavailable += 1;
    return unavailable < max;
  }
}
