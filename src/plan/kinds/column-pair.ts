import type { ColumnCensus, ColumnTrial } from '../../model/census.js';
import type { EpochUnit } from '../../model/kind.js';
import type { ColumnRules, HabitRules } from '../../model/rules.js';
import type { SourceColumn } from '../../model/source.js';
import type { TargetColumn } from '../../model/target.js';

/** One source column, the target column that it is copied into, and the census of its values. */
export interface ColumnPair {
  readonly table: string;
  readonly source: SourceColumn;
  readonly target: TargetColumn;
  readonly census: ColumnCensus;
  /** Whether the target column is in the primary key. */
  readonly isPrimaryKey: boolean;
  /** What the operator decided about the column. */
  readonly rules?: ColumnRules;
  /** What the operator decided about all columns of such a name. */
  readonly habits?: HabitRules;
  /** The result of trying its values, where the census alone could not judge them. */
  readonly trial?: ColumnTrial;
  /** The epoch that columns of this database use, where their values show it. */
  readonly mark?: EpochUnit | null;
  /** The framework whose bookkeeping the database has. */
  readonly framework?: string | null;
  /** Whether the target's schema was made by us. */
  readonly isTranslated?: boolean;
}
