/** Resolves when this process should end: Ctrl-C, a signal, a closed terminal, or the death of its parent. */
export function untilStopped(): Promise<string> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // npm passes signals on, except when it is killed itself.
    setInterval(() => process.ppid !== parent && resolve('the end of its parent'), 500).unref();
  });
}

/** Waits for `starting`. When stopped meanwhile, this process exits at once and the reaper cleans up. */
export async function unlessStopped<T>(stopped: Promise<unknown>, starting: Promise<T>): Promise<T> {
  let isStarting = true;
  void stopped.then(() => isStarting && process.exit(130));
  const started = await starting;
  isStarting = false;
  return started;
}
