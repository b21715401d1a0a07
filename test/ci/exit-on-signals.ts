/** Preloaded into tests that start processes: a signal ends the test with `exit`, whose handlers kill the processes. */
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
