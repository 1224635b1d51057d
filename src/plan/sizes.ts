import type { Finding } from '../model/plan.js';
import type { PlanRequest } from './plan-request.js';
import { makeFinding } from './findings/finding.js';
import type { TableFit } from './fit.js';

/** A field of PostgreSQL stays below 1 GB (MaxAllocSize in src/include/utils/memutils.h). */
const fieldBytesMax = 0x3fffffff - 4;
/** A JavaScript string holds at most 2^29 − 24 UTF-16 units; better-sqlite3 ends the process beyond that. */
const stringCharsMax = 2 ** 29 - 24;

/** Values that the wire, or the row reader, cannot carry; known from the census, so refused before anything moves. */
export function checkSizes(fits: readonly TableFit[], request: PlanRequest): Finding[] {
  return fits.flatMap(({ source, columns }) => {
    const census = request.census.find(({ table }) => table === source.name);
    const isByRows = (request.options.chooseReader?.(source).reader ?? 'rows') === 'rows';
    return columns.flatMap(({ source: { name } }) => {
      const column = census?.columns.find((one) => one.column === name);
      if (column === undefined) return [];
      const location = { severity: 'error', code: 'plan.value_too_large', table: source.name, column: name } as const;
      if (column.bytesMax > fieldBytesMax) {
        const message = `a value has ${column.bytesMax} bytes; PostgreSQL takes at most ${fieldBytesMax} in one field`;
        return [makeFinding({ ...location, message, hint: 'keep such values outside the database, or cut them up' })];
      }
      if (isByRows && column.texts > 0 && column.bytesMax > stringCharsMax) {
        const message = `a text has ${column.bytesMax} bytes; the row reader takes at most ${stringCharsMax}`;
        return [makeFinding({ ...location, message, hint: 'store it as a BLOB, or cut it up' })];
      }
      return [];
    });
  });
}
