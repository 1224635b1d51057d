import type { Finding, Plan } from './plan.js';
import type { LeftOut, SourceForeignKey } from './source.js';

/**
 * One thing that a table of the target has besides its rows, in PostgreSQL's own words: equal before and after a load,
 * unless something was lost or changed.
 */
export interface SchemaObject {
  readonly kind:
    | 'column'
    | 'primary_key'
    | 'unique'
    | 'foreign_key'
    | 'check'
    | 'exclusion'
    | 'index'
    | 'trigger'
    | 'sequence';
  readonly table: string;
  readonly name: string;
  /** Plain columns in order; an expression of an index is ''. Empty for triggers. */
  readonly columns: readonly string[];
  readonly definition: string;
  /** Why it is not in force (an invalid index, a disabled trigger), or null. */
  readonly trouble: string | null;
  /** Foreign keys only. */
  readonly reference: SchemaReference | null;
  /** Whether it is an index without a condition that enforces unique rows. */
  readonly isUnique: boolean;
}

export interface SchemaReference {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT. */
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly deferrable: SourceForeignKey['deferrable'];
}

/** One row of both schemas side by side, for a person. */
export interface SchemaSide {
  /** The source's name of the table, or of what is left out. */
  readonly table: string;
  readonly what: SchemaObject['kind'] | LeftOut['type'] | 'table';
  /** As either side writes it; null where it has nothing like it. */
  readonly source: string | null;
  readonly target: string | null;
  readonly reason: string;
  /** The line of the config file that would change it, null where none does. */
  readonly config: string | null;
}

/** How many of one kind were to be there, and how many are, in force. */
export interface ObjectCount {
  readonly kind: SchemaObject['kind'];
  readonly expected: number;
  readonly found: number;
}

export interface PlannedSides {
  readonly plan: Plan;
  /** Both schemas side by side. */
  readonly sides: readonly SchemaSide[];
}

export interface TypeReason {
  readonly table: string;
  readonly column: string;
  readonly why: string;
}

export interface MadeSchema {
  /**
   * `there`: the tables existed already; `sql`: made from files; `translated`: made from the SQLite schema; `printed`:
   * translated, but only as text.
   */
  readonly tag: 'there' | 'sql' | 'translated' | 'printed';
  readonly message: string;
  readonly findings: readonly Finding[];
  /** What the translation lost and the operator waived. */
  readonly lost: readonly string[];
  /** Source names of the views that were made. */
  readonly views: readonly string[];
  /** Why the translation gave each column its type. */
  readonly reasons: readonly TypeReason[];
  /** The translation as a script for psql, null where there is none. */
  readonly sql: string | null;
}
