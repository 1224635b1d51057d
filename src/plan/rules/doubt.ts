import type { ColumnCensus, TableCensus } from '../../model/census.js';
import { epochs, isEpochUnit } from '../../lib/time/epochs.js';
import type { Plan, TablePlan } from '../../model/plan.js';
import type { Kind, TimeUnit } from '../../model/kind.js';
import { must } from '../../model/error.js';
import { isOfPolicies } from './apply-policies.js';

/** Columns of a table, as indexes into its plan, whose values the census alone cannot judge. */
export interface Doubt {
  readonly table: TablePlan;
  readonly columns: readonly number[];
}

/**
 * What is to be tried value by value before the copy: columns of which a text, or a number of another class, may or may
 * not have a form in the kind, and those where the census has found values that have none, so that they can be named.
 */
export function findDoubts(plan: Pick<Plan, 'tables' | 'findings'>, census: readonly TableCensus[]): Doubt[] {
  const named = new Set(
    plan.findings
      .filter((finding) => isOfPolicies(finding) && finding.code !== 'plan.null_in_not_null')
      .map(({ table, column }) => JSON.stringify([table, column])),
  );
  return plan.tables.flatMap((table) => {
    const counts = must(
      census.find((one) => one.table === table.source),
      `census of ${table.source}`,
    );
    const columns = table.columns.flatMap(({ source, kind }, index) => {
      const column = must(
        counts.columns.find((one) => one.column === source),
        `census of column ${source}`,
      );
      const isNamed = named.has(JSON.stringify([table.source, source]));
      return isNamed || mustBeRead(kind, column) ? [index] : [];
    });
    return columns.length === 0 ? [] : [{ table, columns }];
  });
}

/** Seconds either way of 1970 that every timestamp of PostgreSQL's can be: 4714 BC is the nearer end. */
const secondsMax = 210_000_000_000;

/**
 * Whether integers of a unit may have more fraction digits than the target keeps, be no time at all, or be out of
 * range.
 */
function mayNotFit(unit: TimeUnit, precision: number, { integerMin, integerMax }: ColumnCensus): boolean {
  if (unit === 'julian') return precision < 3;
  if (!isEpochUnit(unit)) return true;
  const { micros, per, startDays, digits } = epochs[unit];
  const isFar = (value: string | null) =>
    Math.abs((Number(value ?? 0) * Number(micros)) / Number(per) / 1e6 + startDays * 86_400) > secondsMax;
  return digits > precision || isFar(integerMin) || isFar(integerMax);
}

function mustBeRead(kind: Kind, census: ColumnCensus): boolean {
  const { integers, reals, texts, blobs } = census;
  switch (kind.tag) {
    case 'numeric':
      return texts > 0 || (reals > 0 && kind.precision !== null);
    case 'float4':
      return texts + reals > 0;
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float8':
    case 'json':
    case 'jsonb':
    case 'enum':
    case 'time':
      return texts + (kind.tag === 'float8' ? 0 : reals) > 0;
    case 'uuid':
      return texts + blobs > 0;
    case 'date':
      return texts + integers + reals > 0;
    case 'timestamp':
    case 'timestamptz':
      if (kind.targetZone !== undefined) return texts + reals + integers > 0;
      return texts + reals > 0 || (integers > 0 && mayNotFit(kind.unit, kind.precision, census));
    case 'literal':
      return census.hasBadTexts === true || (kind.form !== undefined && texts + reals + integers > 0);
    case 'char':
      return texts > 0;
    case 'text':
      return census.hasBadTexts === true;
    case 'bytea':
      return false;
  }
}
