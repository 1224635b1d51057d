import { isWaived } from '../plan/findings/waive.js';
import type { ColumnCensus } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import type { Rules } from '../model/rules.js';
import type { SourceColumn, SourceTable } from '../model/source.js';
import { readExpression, Unportable } from './expression/expression.js';
import { asCondition, type Rendered, type ResultClass, yields } from './expression/rendered.js';
import { renderExpression } from './expression/expression-sql.js';
import { type FindingParts, makeFinding } from '../plan/findings/finding.js';
import type { ConstraintNames } from './table/constraint-names.js';
import { columnScope } from './expression/functions.js';
import { foldCase, isSameName } from '../lib/fold-case.js';
import { quoteIdentifier } from '../lib/quote.js';
import type { NameBook } from '../plan/names/names.js';
import type { ExpressionToken } from './expression/sql-tokens.js';
import type { Inference, PgType } from './pg-type.js';
import type { SourceMarks } from './source-marks.js';

/** A column on its way to PostgreSQL. */
export interface ColumnDraft {
  readonly source: SourceColumn;
  readonly census: ColumnCensus;
  /** The name on the target. */
  readonly name: string;
  readonly isIdentity: boolean;
  /** Whether the operator chose the type. */
  readonly isRuled: boolean;
  type: PgType;
  /** How it got a type that its declaration does not name; null where it did not. */
  inference: Inference | null;
  /** In words. */
  why: string;
}

/** A table on its way to PostgreSQL. */
export interface TableDraft {
  readonly source: SourceTable;
  readonly name: string;
  readonly columns: readonly ColumnDraft[];
  /** Whether its server has IS JSON, which came with PostgreSQL 16. */
  readonly hasIsJson: boolean;
}

/** What every part of the translation shares: where the tables go, which names are taken, and what was found. */
export interface Translation {
  readonly schema: string;
  readonly names: NameBook;
  readonly findings: Finding[];
  readonly rules: Rules;
  /** Names of what the operator has waived; see waive.ts. */
  readonly waive: ReadonlySet<string>;
  /** Names of everything that is not carried over; see waive.ts. */
  readonly lost: string[];
  readonly marks: SourceMarks;
  readonly constraintNames: ConstraintNames;
}

/** Something of the source that has no sure equivalent, and the name that gives it up. */
export interface Loss extends Omit<FindingParts, 'severity'> {
  readonly waiver: string;
  /** Whether it blocks until it is waived; true without it. */
  readonly blocks?: boolean;
}

/**
 * Adds a finding about something that is not carried over. It is an error, which blocks, or a warning where the
 * operator waived it by name. A loss that never blocks is a warning, or a note where it was waived.
 */
export function reportLoss({ findings, waive, lost }: Translation, { waiver, blocks = true, ...parts }: Loss): void {
  const isGivenUp = isWaived(waive, waiver);
  const hint = `${parts.hint}; ${isGivenUp ? 'waived as' : 'to go on without it: --waive'} '${waiver}'`;
  const severities = blocks ? (['warning', 'error'] as const) : (['note', 'warning'] as const);
  findings.push(makeFinding({ ...parts, severity: severities[isGivenUp ? 0 : 1], hint, waiver }));
  lost.push(waiver);
}

/** SQL of an expression, or why it has no sure equivalent. */
export type Portable =
  | { readonly tag: 'sql'; readonly value: Rendered }
  | { readonly tag: 'unportable'; readonly reason: string };

/** A column by its name as SQLite finds it. */
export function findColumn(table: TableDraft, name: string): ColumnDraft | null {
  return table.columns.find((column) => isSameName(column.source.name, name)) ?? null;
}

/** Names by which SQLite finds the rowid, also in quotes. */
const rowidNames = new Set(['rowid', '_rowid_', 'oid']);

/** Translates an expression over a table's columns; `isAllowed` says which columns it may use. */
export function translateExpression(
  tokens: readonly ExpressionToken[],
  table: TableDraft,
  isAllowed: (column: ColumnDraft) => boolean,
): Portable {
  const scope = columnScope({
    column: (name) => {
      const column = findColumn(table, name);
      return column === null || !isAllowed(column) ? null : { ...renderColumn(column), ...temporalOf(column.type) };
    },
    isText: (name) => findColumn(table, name) === null && !rowidNames.has(foldCase(name)),
    hasIsJson: table.hasIsJson,
  });
  return attempt(() => renderExpression(readExpression(tokens), scope));
}

/** Translates a condition: a boolean, or an integer that is not 0. */
export function translateCondition(tokens: readonly ExpressionToken[], table: TableDraft): Portable {
  const portable = translateExpression(tokens, table, () => true);
  if (portable.tag === 'unportable') return portable;
  return attempt(() => yields('bool', asCondition(portable.value)));
}

function attempt(render: () => Rendered): Portable {
  try {
    return { tag: 'sql', value: render() };
  } catch (error) {
    if (error instanceof Unportable) return { tag: 'unportable', reason: error.message };
    throw error;
  }
}

/** A column where an expression names it. */
export function renderColumn(column: ColumnDraft): Rendered {
  const { affinity } = column.source;
  const value = yields(classOf(column), quoteIdentifier(column.name));
  const known = { ...value, ...storageOf(column), ...lettersOf(column) };
  const named = column.type.class === 'text' && value.class !== 'text' ? { ...known, isText: true } : known;
  if (affinity === 'blob') return named;
  return { ...named, affinity: affinity === 'text' ? 'text' : 'number' };
}

/** The one storage class of the column's values. */
function storageOf({ census }: ColumnDraft): Pick<Rendered, 'storage'> {
  const names = { integers: 'integer', reals: 'real', texts: 'text', blobs: 'blob' } as const;
  const held = (Object.keys(names) as (keyof typeof names)[]).filter((name) => census[name] > 0);
  const [only, more] = held;
  return only === undefined || more !== undefined ? {} : { storage: names[only] };
}

function lettersOf({ census, type }: ColumnDraft): Pick<Rendered, 'isLetters'> {
  const isOnlyTexts = census.integers + census.reals + census.blobs === 0;
  return type.class === 'bool' && isOnlyTexts && census.charsMax === 1 ? { isLetters: true } : {};
}

/**
 * The type of a column of times. A view has no use of it: its rows must be the same also where moments are written in
 * several ways, while a CHECK means the moments.
 */
function temporalOf({ class: own, sql }: PgType): Pick<Rendered, 'temporal'> {
  if (own === 'timestamp') return { temporal: sql.startsWith('timestamptz') ? 'timestamptz' : 'timestamp' };
  return own === 'date' || own === 'time' ? { temporal: own } : {};
}

/** A text column that compares by another collation can only be asked whether it is NULL. */
function classOf({ source, type }: ColumnDraft): ResultClass {
  if (type.class === 'text') return source.collation.toUpperCase() === 'BINARY' ? 'text' : 'other';
  const isPlain =
    type.class === 'integer' ||
    type.class === 'numeric' ||
    type.class === 'real' ||
    type.class === 'bool' ||
    type.class === 'bytes';
  return isPlain ? type.class : 'other';
}
