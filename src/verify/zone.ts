/** Seconds that a zone is ahead of UTC at a moment, in seconds since 1970. */
export type OffsetSeconds = (utcSeconds: number) => number;

const yearSeconds = 366 * 86_400;
const lastMs = Date.UTC(9999, 11, 31);

/** The offsets of a zone: what it says itself, `+05:30`, or what this Node prints beside a date, `GMT-00:01:15` in old times. */
export function zoneOffsets(zone: string): OffsetSeconds {
  if (/^[+-]/.test(zone)) return () => readOffset(`GMT${zone}`);
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
  const known = new Map<number, number>();
  return (utcSeconds) => {
    const quarter = Math.floor(utcSeconds / 900);
    const before = known.get(quarter);
    if (before !== undefined) return before;
    const offset = readOffset(format.format(Math.min(lastMs, quarter * 900_000)));
    if (known.size > 100_000) known.clear();
    known.set(quarter, offset);
    return offset;
  };
}

function readOffset(shown: string): number {
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /GMT(?:([+-])(\d\d):?(\d\d)?(?::(\d\d))?)?/.exec(shown) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -size : size;
}

/**
 * The moment that a local time means. The copy refuses local times that mean no moment or two, so an offset that leads
 * from a moment back to the local time is the only one.
 */
export function utcOfLocal(localSeconds: number, offsets: OffsetSeconds): number | null {
  if (Math.abs(localSeconds) > lastMs / 1000 + yearSeconds) return null;
  let utc = localSeconds - offsets(localSeconds);
  for (let i = 0; i < 3; i += 1) {
    const next = localSeconds - offsets(utc);
    if (next === utc) return utc;
    utc = next;
  }
  return null;
}
