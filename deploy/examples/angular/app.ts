/** Angular: the component of the app. Build your own app with `ng build`, which compiles templates ahead of time. */
import '@angular/compiler';
import { Component, inject, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { Session } from './session.ts';

@Component({
  selector: 'app-root',
  template: `
    @if (session.state(); as state) {
      <header>
        <h1>Orders</h1>
        <div>
          @if (session.user(); as user) {
            <span>Signed in as {{ user.preferred_username }}</span>
            <button (click)="session.client.logout()">Sign out</button>
          } @else {
            <button (click)="session.client.login()">Sign in</button>
          }
        </div>
      </header>
      <main>
        @if (state === 'ended') {
          <p class="note" role="alert">
            Your session has ended. What you typed is still here.
            <button (click)="session.client.login({ popup: true })">Sign in again</button>
          </p>
        }
        @if (state === 'ending') {
          <p class="note" role="alert">
            Your session ends soon.
            <button (click)="session.keepAlive()">Stay signed in</button>
          </p>
        }
        @if (session.user()) {
          <form (submit)="send($event, item)">
            <label for="item">What would you like?</label>
            <div class="row">
              <input #item id="item" required maxlength="100" autocomplete="off">
              <button>Order</button>
            </div>
            <p id="result" role="status">{{ result() }}</p>
          </form>
        }
      </main>
    }
  `,
})
class App {
  readonly session = inject(Session);
  readonly result = signal('');

  async send(event: Event, item: HTMLInputElement): Promise<void> {
    event.preventDefault();
    this.result.set('Sending …');
    const body = JSON.stringify({ item: item.value });
    const response = await this.session.client.fetch('/api/orders', { method: 'POST', body });
    if (response.ok) item.value = '';
    this.result.set(
      response.ok ? `Ordered by ${(await response.json()).user}.` : `The API responded with ${response.status}.`,
    );
  }
}

void bootstrapApplication(App);
