/**
 * Calls `use` with a signal that fires when `signal` does, or after `ms` milliseconds. Not by `AbortSignal.timeout` within
 * `AbortSignal.any`: nothing holds that timeout, and once it is collected it never fires (Node's
 * lib/internal/abort_controller.js keeps both sides by weak references).
 */
export async function withTimeLimit<T>(
  signal: AbortSignal,
  ms: number,
  use: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const stop = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new DOMException(`it took more than ${ms} ms`, 'TimeoutError')), ms);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await use(limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
