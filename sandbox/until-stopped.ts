/** Resolves when somebody wants this process to end: Ctrl-C, a signal, a closed terminal, or the death of its parent. */
export function untilStopped(): Promise<string> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
    // npm passes signals on, but cannot when it is killed itself.
    setInterval(() => process.ppid !== parent && resolve('the end of its parent'), 500).unref();
  });
}

/** Waits for what starts. Stopped meanwhile, this process ends at once: the reaper clears away what has begun. */
export async function unlessStopped<T>(stopped: Promise<unknown>, starting: Promise<T>): Promise<T> {
  let isStarting = true;
  void stopped.then(() => isStarting && process.exit(130));
  const started = await starting;
  isStarting = false;
  return started;
}
