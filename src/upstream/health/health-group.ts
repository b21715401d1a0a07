/** The targets of one upstream: limits how many of them are ejected at a time. */
import type { HealthSettings } from './health-settings.ts';
import { type EjectionReason, TargetHealth } from './target-health.ts';

/** What is notified when the state of a target changes. */
export interface HealthEvents {
  onEjected(reason: EjectionReason, durationMs: number): void;
  onRestored(): void;
}

export class HealthGroup {
  readonly #settings: HealthSettings;
  readonly #random: () => number;
  readonly #members = new Set<TargetHealth>();

  constructor(settings: HealthSettings, random: () => number = Math.random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Adds a target. */
  join(events: HealthEvents): TargetHealth {
    const member = new TargetHealth({
      settings: this.#settings,
      random: this.#random,
      mayEject: () => this.#mayEject(),
      ...events,
    });
    this.#members.add(member);
    return member;
  }

  /** Removes a target. */
  leave(member: TargetHealth): void {
    this.#members.delete(member);
  }

  /** A single target is never ejected; of two or more, one always may be. */
  #mayEject(): boolean {
    const { passive } = this.#settings;
    const { size } = this.#members;
    if (passive === false || size < 2 || passive.maxEjected === 0) return false;
    const max = Math.max(1, Math.floor((size * passive.maxEjected) / 100));
    let unavailable = 0;
    for (const member of this.#members) if (member.unavailable) unavailable += 1;
    return unavailable < max;
  }
}
