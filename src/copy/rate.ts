/** Limits of the whole run, over all threads; null is unlimited. */
export interface RateLimits {
  /** COPY bytes per second. */
  readonly bytesPerSecond: number | null;
  readonly rowsPerSecond: number | null;
}

/** How many milliseconds the run must wait, `goneMs` after its start, before more may be sent; 0 where it need not. */
export function waitOf(
  { bytesPerSecond, rowsPerSecond }: RateLimits,
  sent: { readonly rows: number; readonly bytes: number },
  goneMs: number,
): number {
  const dueMs = Math.max(
    bytesPerSecond === null ? 0 : (sent.bytes / bytesPerSecond) * 1000,
    rowsPerSecond === null ? 0 : (sent.rows / rowsPerSecond) * 1000,
  );
  return Math.max(0, dueMs - goneMs);
}
