// React: one client for the app, and hooks for the session and for requests.
import { createClient } from 'bff-gateway-client';
import { BffProvider, useBffFetch, useSession } from 'bff-gateway-client/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const client = createClient({
  // A rejected request waits until the user has signed in again, so that no input is lost.
  onUnauthenticated: () =>
    new Promise((again) => {
      const off = client.on('signedin', () => {
        off();
        again(true);
      });
    }),
});

function Order() {
  const fetch = useBffFetch();
  const [item, setItem] = useState('');
  const [result, setResult] = useState('');
  async function send(event) {
    event.preventDefault();
    setResult('Sending …');
    const response = await fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item }) });
    if (response.ok) setItem('');
    setResult(response.ok ? `Ordered by ${(await response.json()).user}.` : `The API responded with ${response.status}.`);
  }
  return (
    <form onSubmit={send}>
      <label htmlFor="item">What would you like?</label>
      <div className="row">
        <input id="item" required maxLength="100" autoComplete="off" value={item} onChange={({ target }) => setItem(target.value)} />
        <button>Order</button>
      </div>
      <p id="result" role="status">{result}</p>
    </form>
  );
}

function App() {
  const { status, user, expiring, login, logout, keepAlive } = useSession();
  if (status === 'loading') return null;
  return (
    <>
      <header>
        <h1>Orders</h1>
        <div>
          {user && <span>Signed in as {user.preferred_username}</span>}
          {user ? <button onClick={() => logout()}>Sign out</button> : <button onClick={() => login()}>Sign in</button>}
        </div>
      </header>
      <main>
        {status === 'ended' && (
          <p className="note" role="alert">
            Your session has ended. What you typed is still here.
            <button onClick={() => login({ popup: true })}>Sign in again</button>
          </p>
        )}
        {expiring?.extendable && (
          <p className="note" role="alert">
            Your session ends soon.
            <button onClick={() => keepAlive()}>Stay signed in</button>
          </p>
        )}
        {user && <Order />}
      </main>
    </>
  );
}

createRoot(document.getElementById('app')).render(
  <BffProvider client={client}>
    <App />
  </BffProvider>,
);
