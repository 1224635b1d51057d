import type { Finding, SourceCatalog, TableCensus } from '../model.js';
import { alignTypes } from './align-types.js';
import { createTableSql } from './create-table-sql.js';
import type { TableDraft, Translation } from './draft.js';
import { draftTables } from './draft-tables.js';
import { makeFinding } from './finding.js';
import { chooseTables, type TableChoice } from './fit.js';
import { foreignKeySql } from './foreign-key-sql.js';
import { indexSql, isFolded } from './index-sql.js';
import { NameBook } from './names.js';
import { readTableSql } from './table-sql.js';

export interface TranslatedSchema {
  /** In order: every table, every index, every foreign key; without semicolons. The schema itself must be there. */
  readonly statements: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * The PostgreSQL schema for a SQLite database that brings no SQL of its own, from its catalog and from what its
 * columns really hold. What has no sure equivalent is left out with a finding, never made wrong.
 */
export function translateSchema(request: {
  source: SourceCatalog;
  census: readonly TableCensus[];
  targetSchema: string;
  /** Which tables are made; all of them without it. */
  choice?: TableChoice;
}): TranslatedSchema {
  const { source, census, targetSchema, choice = { tables: null, exclude: [] } } = request;
  const shared: Translation = { schema: targetSchema, names: new NameBook(), findings: [] };
  const isChosen = chooseTables(choice);
  const chosen = { ...source, tables: source.tables.filter(({ name }) => isChosen(name)) };
  const tables = draftTables(chosen, census, shared);
  alignTypes(tables, source);
  reserveCheckNames(tables, shared);
  const statements = [
    ...tables.map((table) => createTableSql(table, shared)),
    ...tables.flatMap((table) => tableIndexes(table, shared)),
    ...tables.flatMap((table) => foreignKeySql(table, tables, source, shared)),
  ];
  return { statements, findings: shared.findings };
}

/** Names that we make up must not meet a check of the same table. */
function reserveCheckNames(tables: readonly TableDraft[], { names, findings }: Translation): void {
  for (const table of tables) {
    const sql = readTableSql(table.source.sql);
    if (sql === null) findings.push(unreadable(table.source.name));
    for (const check of sql?.checks ?? []) if (check.name !== null) names.claim(check.name);
  }
}

function unreadable(table: string): Finding {
  const message = 'its CREATE TABLE is not understood, so that checks and generated columns are not carried over';
  return makeFinding({
    severity: 'warning',
    code: 'plan.table_unreadable',
    table,
    message,
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
