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
