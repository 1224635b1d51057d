import type { ColumnPlan } from '../../model/plan.js';
import type { TimeReading } from '../../model/kind.js';
import type { ComparedSide } from '../canonical-cell.js';
import * as at from './layout.js';

const epochCodes: Partial<Record<TimeReading['unit'], number>> = {
  s: at.codeSeconds,
  ms: at.codeMilliseconds,
  us: at.codeMicroseconds,
};

/** How the loop reads the cells of a column on one side; `codeAsk` where only the canonizer of the column can. */
export function codeOf({ kind }: Pick<ColumnPlan, 'kind'>, side: ComparedSide): number {
  switch (kind.tag) {
    case 'bool':
      return at.codeBool;
    case 'int2':
    case 'int4':
    case 'int8':
      return side === 'target' ? at.codeAsIs : at.codeInteger;
    case 'float4':
      return at.codeFloat4;
    case 'float8':
      return at.codeFloat8;
    case 'text':
    case 'enum':
    case 'json':
      return at.codeAsIs;
    case 'bytea':
      return side === 'target' ? at.codeBytea : at.codeAsIs;
    case 'uuid':
      return at.codeUuid;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return side === 'target' ? at.codeMoment : momentCode({ unit: 'ms', ...kind });
    // A literal of the source is the text that PostgreSQL makes of it.
    case 'literal':
      return side === 'target' ? at.codeAsIs : at.codeAsk;
    default:
      return at.codeAsk;
  }
}

/** The loop knows no zones. */
function momentCode({ unit, zone, targetZone }: TimeReading): number {
  if (zone !== undefined || targetZone !== undefined) return at.codeAsk;
  return epochCodes[unit] ?? at.codeMoment;
}
