/** Angular: one client for the app, its session as signals. */
import { Injectable, signal } from '@angular/core';
import { type Client, createClient, type User } from 'bff-gateway/client';

@Injectable({ providedIn: 'root' })
export class Session {
  /** Who is signed in; undefined for nobody. */
  readonly user = signal<User | undefined>(undefined);
  /** Undefined as long as it is not known. */
  readonly state = signal<'on' | 'ending' | 'ended' | undefined>(undefined);
  readonly client: Client = createClient({
    // A call that is refused waits until the user is signed in again: nothing that was typed is lost.
    onUnauthenticated: () => new Promise((again) => this.client.on('signedin', () => again(true))),
  });

  constructor() {
    this.client.on('signedin', () => {
      this.state.set('on');
      void this.look();
    });
    this.client.on('signedout', () => this.state.set('ended'));
    this.client.on('expiring', ({ extendable }) => {
      if (extendable) this.state.set('ending');
    });
    void this.look();
  }

  async keepAlive(): Promise<void> {
    await this.client.keepAlive();
    this.state.set('on');
  }

  private async look(): Promise<void> {
    this.user.set(await this.client.user());
    this.state.update((known) => known ?? 'on');
  }
}
