import type { TableCensus, TableTrial } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import type { Rules } from '../model/rules.js';
import type { SourceCatalog } from '../model/source.js';
import { alignTypes } from './table/align-types.js';
import { boxSql } from './table/box-sql.js';
import { commentSql } from './table/comment-sql.js';
import { ConstraintNames } from './table/constraint-names.js';
import { createTableSql } from './table/create-table-sql.js';
import { type TableDraft, reportLoss, type Translation } from './draft.js';
import { draftTables } from './draft-tables.js';
import { chooseTables, type TableChoice } from '../plan/fit.js';
import { foreignKeySql } from './table/foreign-key-sql.js';
import { indexSql, isFolded } from './table/index-sql.js';
import { NameBook } from '../plan/names/names.js';
import { noRules } from '../plan/rules/rules.js';
import { searchSql } from './table/search-sql.js';
import { readTableSql } from './table/table-sql.js';
import { triggerFinding, viewSql } from './select/view-sql.js';
import { tableWaiver } from '../plan/findings/waive.js';
import { inferenceNotes } from './inferred-type.js';
import { marksOf } from './source-marks.js';
import type { TypeReason } from '../model/schema.js';

export interface TranslatedSchema {
  /** In order: every table, every index, every foreign key, every view; without semicolons. The schema itself must be there. */
  readonly statements: readonly string[];
  readonly findings: readonly Finding[];
  /** What is not carried over, by the names of waive.ts; an entry for each. */
  readonly lost: readonly string[];
  /** Names in the source of the views that are made. */
  readonly views: readonly string[];
  /** Why each column got its type. */
  readonly reasons: readonly TypeReason[];
}

/**
 * The PostgreSQL schema for a SQLite database that brings no SQL of its own, from its catalog and from what its
 * columns really hold. What has no sure equivalent is left out with a finding, never made wrong.
 */
export function translateSchema(request: {
  source: SourceCatalog;
  census: readonly TableCensus[];
  /** What trying the values of columns in doubt gave; see `findDoubtedTypes`. */
  trials?: readonly TableTrial[];
  targetSchema: string;
  /** Which tables are made; all of them without it. */
  choice?: TableChoice;
  /** Which of these are made; the target has the others, with the names and types that the rules say. */
  only?: readonly string[];
  /** What the operator says about names and types. */
  rules?: Rules;
  /** Names of what the operator has waived. */
  waive?: readonly string[];
  /** server_version_num of the target; without it a new one is assumed. */
  serverVersion?: number;
}): TranslatedSchema {
  const { source, census, targetSchema, choice = { tables: null, exclude: [] }, rules = noRules } = request;
  const waive = new Set(request.waive ?? []);
  const shared: Translation = {
    schema: targetSchema,
    names: new NameBook(),
    findings: [],
    rules,
    waive,
    lost: [],
    marks: marksOf(source),
    constraintNames: new ConstraintNames(),
  };
  const hasIsJson = (request.serverVersion ?? Infinity) >= 160_000;
  const isChosen = chooseTables(choice);
  const chosen = { ...source, tables: source.tables.filter(({ name }) => isChosen(name)) };
  const drafts = draftTables(chosen, { census, trials: request.trials ?? [], hasIsJson }, shared);
  alignTypes(drafts, source);
  const isMade = (name: string) => request.only?.includes(name) !== false;
  const tables = drafts.filter((table) => isMade(table.source.name));
  takeConstraintNames(tables, shared);
  const statements = [
    ...tables.map((table) => createTableSql(table, shared)),
    ...tables.flatMap((table) => commentSql(table, shared)),
    ...searchSql(source, tables, shared),
    ...boxSql(tables, shared),
    ...tables.flatMap((table) => tableIndexes(table, shared)),
    ...tables.flatMap((table) => foreignKeySql(table, drafts, source, shared)),
  ];
  const views = viewSql(request.only === undefined ? source.views : [], tables, shared);
  const triggers =
    request.only !== undefined ? [] : source.leftOut.filter(({ type }) => type === 'trigger').map(({ name }) => name);
  return {
    statements: [...statements, ...views.statements],
    findings: [
      ...shared.findings.filter(({ table }) => table === null || isMade(table)),
      ...inferenceNotes(tables),
      ...triggerFinding(triggers, waive),
    ],
    lost: shared.lost,
    views: views.names,
    reasons: tables.flatMap(({ source: { name }, columns }) =>
      columns.map((column) => ({ table: name, column: column.source.name, why: column.why })),
    ),
  };
}

/** Constraints keep their names, and names that the translation makes up differ from them. */
function takeConstraintNames(tables: readonly TableDraft[], shared: Translation): void {
  for (const table of tables) {
    const sql = readTableSql(table.source.sql);
    if (sql === null) reportUnreadable(table.source.name, shared);
    else shared.constraintNames.take(table.source.name, sql, shared.names);
  }
}

function reportUnreadable(table: string, shared: Translation): void {
  reportLoss(shared, {
    waiver: tableWaiver(table),
    code: 'plan.table_unreadable',
    table,
    message: 'its CREATE TABLE is not understood, so that checks and generated columns are not carried over',
    hint: 'add them by hand after the copy',
  });
}

/** CREATE INDEX as it is; the index of a constraint only where its collation asks for more than the constraint does. */
function tableIndexes(table: TableDraft, shared: Translation): string[] {
  return table.source.indexes
    .filter((index) => index.origin === 'c' || index.columns.some(isFolded))
    .map((index) => indexSql(index, table, shared))
    .filter((sql) => sql !== null);
}
