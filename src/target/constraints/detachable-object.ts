/** `validation` is the VALIDATE of a foreign key that was valid: it has nothing to drop. */
export type ObjectKind = 'foreign_key' | 'validation' | 'primary_key' | 'unique' | 'exclusion' | 'index' | 'trigger';

/** An object that is detached from a table before the load, with all that is needed to make it again. */
export interface DetachableObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** pg_get_constraintdef or pg_get_indexdef, to know the object again; '' for validations and triggers. */
  readonly definition: string;
  /** Where its index lived; null for the database's own tablespace. */
  readonly tablespace: string | null;
  readonly dropSql: string | null;
  /** CREATE INDEX, in a transaction of its own, because it locks less than what follows. */
  readonly indexSql: string | null;
  /** ALTER TABLE … ADD CONSTRAINT. */
  readonly constraintSql: string | null;
  /** Statements that may be run again: comments, marks, VALIDATE, ENABLE TRIGGER. */
  readonly extraSql: readonly string[];
}

/** Something that stays in force during the load, and why. */
export interface ObjectInForce {
  readonly kind: ObjectKind | 'table';
  readonly table: string;
  readonly name: string;
  readonly reason: string;
}
