/**
 * How many bytes of a payload of `payloadBytes` stay in a table leaf of `usableBytes`
 * (https://www.sqlite.org/fileformat2.html section 1.6): all of a short one; of a longer one K bytes where they fit,
 * else M.
 */
export function localPayload(usableBytes: number, payloadBytes: number): number {
  const localMax = usableBytes - 35;
  if (payloadBytes <= localMax) return payloadBytes;
  const localMin = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const wanted = localMin + ((payloadBytes - localMin) % (usableBytes - 4));
  return wanted <= localMax ? wanted : localMin;
}
