import { setMaxListeners } from 'node:events';

/**
 * Calls `use` with a signal that fires when one of `signals` does. Not by `AbortSignal.any`: what that makes stays noted in
 * its sources as long as they live (Node's lib/internal/abort_controller.js never takes a weak reference out of them), and
 * the signal of a worker of a fleet outlives thousands of files.
 */
export async function withJoinedSignal<T>(
  signals: readonly AbortSignal[],
  use: (joined: AbortSignal) => Promise<T>,
): Promise<T> {
  const joined = new AbortController();
  // Any number of jobs may wait for it.
  setMaxListeners(0, joined.signal);
  const links = signals.map((signal) => ({ signal, fire: () => joined.abort(signal.reason) }));
  for (const { signal, fire } of links) {
    signal.addEventListener('abort', fire, { once: true });
    if (signal.aborted) fire();
  }
  try {
    return await use(joined.signal);
  } finally {
    for (const { signal, fire } of links) signal.removeEventListener('abort', fire);
  }
}
