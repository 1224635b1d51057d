import { equalities, orders } from './operators.js';
import { type Rendered, refuseTranslation, yields } from './rendered.js';

/**
 * A comparison of columns of times, or of one with a literal day; null where neither side is of times. SQLite compares
 * their texts or their numbers, which are in the order of time where both are written alike.
 */
export function compareMoments(operator: string, left: Rendered, right: Rendered): Rendered | null {
  if (left.temporal === undefined && right.temporal === undefined) return null;
  const sign = equalities[operator] ?? (orders.includes(operator) ? operator : null);
  if (sign === null) return null;
  if (left.temporal === undefined) return compareWithDay(mirrored(sign), right, left);
  if (right.temporal === undefined) return compareWithDay(sign, left, right);
  const isAlike = left.storage === right.storage || left.storage === undefined || right.storage === undefined;
  if (left.temporal !== right.temporal || !isAlike)
    return refuseTranslation('it compares times that are kept in two ways');
  return yields('bool', `(${left.sql} ${sign} ${right.sql})`);
}

function mirrored(sign: string): string {
  return ({ '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as Readonly<Record<string, string>>)[sign] ?? sign;
}

/** The text of a moment is above that of its day alone, also at midnight; so only `<` and `>=` mean the same for moments. */
function compareWithDay(sign: string, column: Rendered, day: Rendered): Rendered {
  const isDay = day.class === 'text' && day.literal !== null && isRealDay(day.literal);
  const isSure = column.temporal === 'date' || (column.temporal === 'timestamp' && ['<', '>='].includes(sign));
  if (!isDay || !isSure || column.storage !== 'text')
    return refuseTranslation('it compares a time with something else');
  return yields('bool', `(${column.sql} ${sign} ${day.sql}::date)`);
}

function isRealDay(text: string): boolean {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  return day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) && !text.startsWith('0000');
}

/** date(x) of a column of times. */
export function renderDateOf(operands: readonly Rendered[]): Rendered {
  const { sql, temporal } = momentOf(operands);
  return moment('date', temporal === 'date' ? sql : `(${sql})::date`);
}

/** datetime(x) of a column of times: whole seconds. */
export function renderDatetimeOf(operands: readonly Rendered[]): Rendered {
  const { sql, temporal } = momentOf(operands);
  return moment('timestamp', temporal === 'date' ? `(${sql})::timestamp` : `date_trunc('second', ${sql})`);
}

const parts: Readonly<Record<string, readonly [field: string, digits: number]>> = {
  '%Y': ['year', 4],
  '%m': ['month', 2],
  '%d': ['day', 2],
  '%H': ['hour', 2],
  '%M': ['minute', 2],
};

/** strftime(format, x) of a column of times, for formats that are a date, a moment, its seconds since 1970, or one part. */
export function renderStrftimeOf([format, ...operands]: readonly Rendered[]): Rendered {
  switch (format?.literal) {
    case '%F':
    case '%Y-%m-%d':
      return renderDateOf(operands);
    case '%F %T':
    case '%Y-%m-%d %H:%M:%S':
      return renderDatetimeOf(operands);
    case '%s':
      return renderUnixepochOf(operands);
  }
  const [field, digits] =
    parts[format?.literal ?? ''] ?? refuseTranslation('strftime of such a format has no equivalent');
  const { sql } = momentOf(operands);
  return yields('text', `lpad(extract(${field} FROM ${sql})::integer::text, ${digits}, '0')`);
}

/** unixepoch(x) of a column of times. */
export function renderUnixepochOf(operands: readonly Rendered[]): Rendered {
  return yields('integer', `floor(extract(epoch FROM ${momentOf(operands).sql}))::bigint`);
}

function moment(temporal: 'date' | 'timestamp', sql: string): Rendered {
  return { ...yields('other', sql), temporal, storage: 'text' };
}

/** The one operand, as a date or as a timestamp in UTC. SQLite reads a number as something else than its unit says. */
function momentOf([operand, more]: readonly Rendered[]): Pick<Rendered, 'sql' | 'temporal'> {
  const { sql = '', temporal, storage = 'text' } = operand ?? {};
  if (more !== undefined || storage !== 'text' || temporal === undefined || temporal === 'time')
    return refuseTranslation('the function needs a column of times that are texts');
  return temporal === 'timestamptz' ? { sql: `(${sql} AT TIME ZONE 'UTC')`, temporal: 'timestamp' } : { sql, temporal };
}
