// The path before `/signed-in` names the app, as in the client.
new BroadcastChannel(`bff-gateway${location.pathname.replace(/\/[^/]*$/, '')}`).postMessage('*');
close();
