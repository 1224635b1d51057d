import type { ColumnCensus, ColumnTrial } from '../../model/census.js';
import type { EpochUnit } from '../../model/kind.js';
import type { ColumnRules } from '../../model/rules.js';
import type { SourceColumn } from '../../model/source.js';
import type { TargetColumn } from '../../model/target.js';

/** One source column, the target column it goes into, and what it really holds. */
export interface ColumnPair {
  readonly table: string;
  readonly source: SourceColumn;
  readonly target: TargetColumn;
  readonly census: ColumnCensus;
  /** Whether the target column is in the primary key. */
  readonly isPrimaryKey: boolean;
  /** What the operator decided about the column. */
  readonly rules?: ColumnRules;
  /** What came of trying its values, where the census alone could not judge. */
  readonly trial?: ColumnTrial;
  /** An epoch of times that the tables of the database speak for. */
  readonly mark?: EpochUnit | null;
}
