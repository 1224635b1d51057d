import type { TimeUnit } from '../../model/kind.js';
import type { SqliteValue } from '../../model/value.js';
import { isDatedInterval } from '../time/interval-text.js';
import { dateOf, MICROS_PER_DAY, UNIX_EPOCH_DAYS } from '../time/temporal.js';
import type { CellForm, Inverse } from './form.js';
import { textInverse } from './text-inverses.js';
import { temporalInverse } from './time-inverses.js';

/**
 * An interval as PostgreSQL prints it; or, where the column holds those, as a number of its unit, or as the moment that
 * it is after 1970. A day has 24 hours there, as it has for those who keep intervals so; months have no fixed length.
 */
export function intervalInverse(unit: TimeUnit | null): Inverse {
  const plain = textInverse();
  const moments = temporalInverse({ tag: 'timestamp', precision: 6, unit: 'ms' });
  const since1970 = ({ name, write }: CellForm): CellForm => ({
    name: `${name} after 1970`,
    write: (printed) => {
      const micros = microsOf(printed);
      return micros === null ? undefined : write(stampOf(micros));
    },
  });
  const number: CellForm = { name: `integers: ${unit ?? ''}`, write: (printed) => numberOf(microsOf(printed), unit) };
  return {
    ...plain,
    formsLike: (cell) => {
      if (typeof cell !== 'string') return unit === null ? plain.formsLike(cell) : [number];
      return isDatedInterval(cell) ? moments.formsLike(cell).map(since1970) : plain.formsLike(cell);
    },
    wider: () => null,
  };
}

/** Microseconds of an interval without months. */
function microsOf(printed: string): bigint | null {
  const found = /^(?:(-?\d+) days?)?(?: ?([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/.exec(printed);
  if (found === null || printed === '') return null;
  const [, days = '0', sign, hours = '0', minutes = '0', seconds = '0', fraction = ''] = found;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const clock = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return BigInt(days) * BigInt(MICROS_PER_DAY) + (sign === '-' ? -clock : clock);
}

function numberOf(micros: bigint | null, unit: TimeUnit | null): SqliteValue | undefined {
  const per = { s: 1_000_000n, ms: 1000n, us: 1n }[unit as string];
  return micros === null || per === undefined || micros % per !== 0n ? undefined : micros / per;
}

/** As PostgreSQL prints a timestamp. */
function stampOf(micros: bigint): string {
  const perDay = BigInt(MICROS_PER_DAY);
  const clock = ((micros % perDay) + perDay) % perDay;
  const days = Number((micros - clock) / perDay) - UNIX_EPOCH_DAYS;
  const { year, month, day } = dateOf(days);
  const two = (value: number | bigint) => String(value).padStart(2, '0');
  const seconds = clock / 1_000_000n;
  const fraction = String(clock % 1_000_000n).padStart(6, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${fraction}`;
}
