/** Angular: one client for the app, with the session as signals. */
import { Injectable, signal } from '@angular/core';
import { type Client, createClient, type User } from 'bff-gateway/client';

@Injectable({ providedIn: 'root' })
export class Session {
  /** The user; undefined if not signed in. */
  readonly user = signal<User | undefined>(undefined);
  /** Undefined while loading. */
  readonly state = signal<'on' | 'ending' | 'ended' | undefined>(undefined);
  readonly client: Client = createClient({
    // A rejected request waits until the user has signed in again, so that no input is lost.
    onUnauthenticated: () =>
      new Promise((again) => {
        const off = this.client.on('signedin', () => {
          off();
          again(true);
        });
      }),
  });

  constructor() {
    this.client.on('signedin', () => {
      this.state.set('on');
      void this.load();
    });
    this.client.on('signedout', () => this.state.set('ended'));
    this.client.on('expiring', ({ extendable }) => {
      if (extendable) this.state.set('ending');
    });
    void this.load();
  }

  async keepAlive(): Promise<void> {
    await this.client.keepAlive();
    this.state.set('on');
  }

  private async load(): Promise<void> {
    this.user.set(await this.client.user());
    this.state.update((known) => known ?? 'on');
  }
}
