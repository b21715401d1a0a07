/** Preloaded into tests that start processes: a signal ends the test by `exit`, at which its processes are killed. */
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
