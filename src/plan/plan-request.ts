import type { TableCensus, TableTrial } from '../model/census.js';
import type { Chunk, Finding, TablePlan } from '../model/plan.js';
import type { Rules } from '../model/rules.js';
import type { SourceTable, SourceCatalog, ForeignKeyViolation } from '../model/source.js';
import type { TargetCatalog } from '../model/target.js';
import type { TableChoice } from './fit.js';
import type { SeededTables } from './readiness.js';
import type { WholeTables } from './graph/whole-tables.js';

export interface ReaderChoice {
  readonly reader: TablePlan['reader'];
  readonly reason: string;
}

export interface PlanChoices extends TableChoice {
  readonly keepConstraints: boolean;
  readonly truncateTarget: boolean;
  /** Whether both sides are only compared. Reasons against writing do not count then. */
  readonly isComparison?: boolean;
  /** What the operator decided in the config file; nothing without it. */
  readonly rules?: Rules;
  /** What the operator gives up, in the names of waive.ts. */
  readonly waive?: readonly string[];
  /** Source names of tables that hold exactly what an earlier run loaded. */
  readonly replaceable: ReadonlySet<string>;
  /** What was found of rows that somebody else put into the target. */
  readonly seeded?: SeededTables | undefined;
  readonly format: 'binary' | 'text';
  /** Whether the operator asked for this format, so that a table which cannot keep it is a warning. */
  readonly isFormatForced: boolean;
  /** Which tables that are cut may be joined again; null where they stay as they are. */
  readonly wholeTables?: WholeTables | null;
  /** Chooses the reader of a table; the row reader, which reads every table, without it. */
  readonly chooseReader?: (table: SourceTable) => ReaderChoice;
}

export interface PlanRequest {
  readonly source: SourceCatalog;
  readonly target: TargetCatalog;
  readonly census: readonly TableCensus[];
  /** Chunks of a table by its source name, in index order. */
  readonly chunksOf: (table: string) => readonly Chunk[];
  readonly violations: readonly ForeignKeyViolation[];
  /** What only the target refuses, tried on the rows of the snapshot. */
  readonly rowFindings?: readonly Finding[];
  /** The results of trying values that an earlier draft of the plan left in doubt. */
  readonly trials?: readonly TableTrial[];
  readonly options: PlanChoices;
}
