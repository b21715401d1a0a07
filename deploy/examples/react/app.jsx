// React: one client for the app, one hook for the session.
import { createClient } from 'bff-gateway/client';
import { useEffect, useState } from 'react';
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

/** The user (undefined if not signed in or not loaded yet) and the state of the session: `on`, `ending` or `ended`. */
function useSession() {
  const [user, setUser] = useState();
  const [state, setState] = useState();
  useEffect(() => {
    const load = () => client.user().then(setUser);
    load().then(() => setState((known) => known ?? 'on'));
    const stops = [
      client.on('signedin', () => {
        setState('on');
        load();
      }),
      client.on('signedout', () => setState('ended')),
      client.on('expiring', ({ extendable }) => extendable && setState('ending')),
    ];
    return () => stops.forEach((stop) => stop());
  }, []);
  const keepAlive = () => client.keepAlive().then(() => setState('on'));
  return { user, state, keepAlive };
}

function Order() {
  const [item, setItem] = useState('');
  const [result, setResult] = useState('');
  async function send(event) {
    event.preventDefault();
    setResult('Sending …');
    const response = await client.fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item }) });
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
  const { user, state, keepAlive } = useSession();
  if (state === undefined) return null;
  return (
    <>
      <header>
        <h1>Orders</h1>
        <div>
          {user && <span>Signed in as {user.preferred_username}</span>}
          {user ? <button onClick={() => client.logout()}>Sign out</button> : <button onClick={() => client.login()}>Sign in</button>}
        </div>
      </header>
      <main>
        {state === 'ended' && (
          <p className="note" role="alert">
            Your session has ended. What you typed is still here.
            <button onClick={() => client.login({ popup: true })}>Sign in again</button>
          </p>
        )}
        {state === 'ending' && (
          <p className="note" role="alert">
            Your session ends soon.
            <button onClick={keepAlive}>Stay signed in</button>
          </p>
        )}
        {user && <Order />}
      </main>
    </>
  );
}

createRoot(document.getElementById('app')).render(<App />);
