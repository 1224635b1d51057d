import type { ColumnPlan } from '../../model/plan.js';
import type { TimeReading } from '../../model/kind.js';
import { sentFormOf } from '../../lib/compared-form.js';
import type { ComparedSide } from '../canonical-cell.js';
import * as at from './layout.js';

const epochForms: Partial<Record<TimeReading['unit'], number>> = {
  s: at.formSeconds,
  ms: at.formMilliseconds,
  us: at.formMicroseconds,
};

/** How the loop reads the cells of a column on one side; `formAsk` where only the canonizer of the column can. */
export function formOf({ kind }: Pick<ColumnPlan, 'kind'>, side: ComparedSide): number {
  switch (kind.tag) {
    case 'bool':
      return at.formBool;
    case 'int2':
    case 'int4':
    case 'int8':
      return side === 'target' ? at.formAsIs : at.formInteger;
    case 'float4':
      return at.formFloat4;
    case 'float8':
      return at.formFloat8;
    case 'text':
    case 'enum':
    case 'json':
      return at.formAsIs;
    case 'bytea':
      return side === 'target' ? at.formBytea : at.formAsIs;
    case 'uuid':
      return at.formUuid;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return side === 'target' ? at.formMoment : momentForm({ unit: 'ms', ...kind });
    // A literal of the source is the text that PostgreSQL makes of it.
    case 'literal':
      return side === 'target' ? at.formAsIs : at.formAsk;
    default:
      return at.formAsk;
  }
}

/** The same for what the target sends in binary form; texts and bytes are sent as they are. */
export function binaryFormOf(column: Pick<ColumnPlan, 'kind'>): number {
  if (sentFormOf(column.kind) === 'printed') return formOf(column, 'target');
  switch (column.kind.tag) {
    case 'bool':
      return at.formBinaryBool;
    case 'int2':
    case 'int4':
    case 'int8':
      return at.formBinaryInteger;
    case 'float4':
    case 'float8':
      return at.formBinaryFloat;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return at.formBinaryMoment;
    case 'uuid':
      return at.formBinaryUuid;
    default:
      return at.formAsIs;
  }
}

/** The loop knows no zones and no patterns. */
function momentForm({ unit, pattern, zone, targetZone }: TimeReading): number {
  if (pattern !== undefined || zone !== undefined || targetZone !== undefined) return at.formAsk;
  return epochForms[unit] ?? at.formMoment;
}
