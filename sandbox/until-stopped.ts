/** Resolves when somebody wants this process to end: Ctrl-C, a signal, a closed terminal, or the death of its parent. */
export function untilStopped(): Promise<string> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // npm passes signals on, but cannot when it is killed itself.
    setInterval(() => process.ppid !== parent && resolve('the end of its parent'), 500).unref();
  });
}
