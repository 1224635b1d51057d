import type { ColumnPlan, StayingRows } from '../model/plan.js';
import type { Sides } from '../model/result.js';
import type { SqliteValue } from '../model/value.js';

/** A column as a shadow read uses it. */
export interface ShadowColumn extends Pick<ColumnPlan, 'source' | 'target' | 'kind'> {
  /**
   * What both sides order alike: expressions over the table's alias t that give numbers, or texts to compare bytewise.
   * null where plain SQL has none.
   */
  readonly order: {
    readonly sql: Sides<string>;
    /** A function of the source around a text that is compared with it, where its file orders texts otherwise. */
    readonly wrap: string | null;
  } | null;
}

export interface ShadowIndex {
  readonly name: string;
  readonly columns: readonly { readonly column: ShadowColumn; readonly isDescending: boolean }[];
}

export interface ShadowForeignKey {
  readonly parent: string;
  /** Pairs of child and parent columns. */
  readonly pairs: readonly (readonly [ShadowColumn, ShadowColumn])[];
}

/** A table that both sides have, with what reads can be derived from. */
export interface ShadowTable {
  readonly source: string;
  readonly targetSchema: string;
  readonly target: string;
  readonly staying?: StayingRows;
  readonly rows: number;
  readonly columns: readonly ShadowColumn[];
  /** Empty where the table has no key. */
  readonly key: readonly ShadowColumn[];
  readonly indexes: readonly ShadowIndex[];
  readonly foreignKeys: readonly ShadowForeignKey[];
}

export interface Ordering {
  readonly column: ShadowColumn;
  readonly isDescending: boolean;
}

export interface Condition {
  readonly column: ShadowColumn;
  readonly operator: '=' | '>=';
  readonly value: Sides<SqliteValue>;
}

/** One read in terms of tables and columns, before it is written as SQL. */
export interface Read {
  readonly name: string;
  readonly why: string;
  readonly table: ShadowTable;
  /** Columns of the table, and of the parent that it is joined with. */
  readonly columns: readonly ShadowColumn[];
  readonly join: {
    readonly parent: ShadowTable;
    readonly on: ShadowForeignKey;
    readonly columns: readonly ShadowColumn[];
  } | null;
  readonly where: readonly Condition[];
  /** Whether rows are counted per value of the columns. */
  readonly isGrouped: boolean;
  readonly order: readonly Ordering[];
}

/** A statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

export interface ResultColumn {
  readonly name: string;
  readonly kind: ColumnPlan['kind'];
}

/** A read as both sides run it. */
export interface PairedRead {
  readonly name: string;
  readonly why: string;
  readonly table: string | null;
  /** What the result's columns are; null: as the target says. */
  readonly columns: readonly ResultColumn[] | null;
  /** Positions of the columns that identify a row; empty where none do. */
  readonly key: readonly number[];
  /** Positions of the columns that it is ordered by; empty where only the operator knows. */
  readonly order: readonly number[];
  /** As an application writes it. */
  readonly plain: Sides<Statement>;
  /** The read with an order that is total and the same on both sides. Null for the operator's own reads. */
  readonly total: Sides<Statement> | null;
}
