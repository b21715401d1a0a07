// React: one client for the app, one hook for the session.
import { createClient } from 'bff-gateway/client';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const client = createClient({
  // A call that is refused waits until the user is signed in again: nothing that was typed is lost.
  onUnauthenticated: () => new Promise((again) => client.on('signedin', () => again(true))),
});

/** Who is signed in (undefined: nobody, or not known yet), and whether the session is `on`, `ending` or `ended`. */
function useSession() {
  const [user, setUser] = useState();
  const [state, setState] = useState();
  useEffect(() => {
    const look = () => client.user().then(setUser);
    look().then(() => setState((known) => known ?? 'on'));
    const stops = [
      client.on('signedin', () => {
        setState('on');
        look();
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
    const answer = await client.fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item }) });
    if (answer.ok) setItem('');
    setResult(answer.ok ? `Ordered by ${(await answer.json()).user}.` : `The API answered ${answer.status}.`);
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
