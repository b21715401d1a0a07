new BroadcastChannel('bff-gateway').postMessage('*');
close();
