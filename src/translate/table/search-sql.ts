import type { LeftOut, SourceCatalog } from '../../model/source.js';
import { type ColumnDraft, findColumn, type TableDraft, type Translation } from '../draft.js';
import { configLine } from '../../plan/findings/choices.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier, quotePath, quoteText } from '../../lib/quote.js';
import { shortName } from '../../plan/names/names.js';
import { findClose, isSign, isWord, readExpressionTokens, splitAtCommas } from '../expression/sql-tokens.js';

/** What CREATE VIRTUAL TABLE … USING fts5 ( … ) says, as far as it matters here. */
interface FullText {
  readonly columns: readonly string[];
  /** The table that holds the texts; null where the virtual table holds them itself. */
  readonly content: string | null;
}

/**
 * For each full-text table that the operator asks for: a tsvector column that PostgreSQL generates from the same
 * columns of the table that holds the texts, with a GIN index. Statements to run after all tables.
 */
export function searchSql(source: SourceCatalog, tables: readonly TableDraft[], shared: Translation): string[] {
  return Object.entries(shared.rules.search ?? {}).flatMap(([name, configuration]) => {
    const carried = source.tables.find((one) => one.virtual !== undefined && isSameName(one.name, name));
    const entry =
      carried === undefined
        ? source.leftOut.find((one) => one.type === 'virtual' && isSameName(one.name, name))
        : { name: carried.name, sql: carried.virtual?.sql ?? null };
    const made = entry === undefined ? 'the source has no such virtual table' : translate(entry, tables);
    if (typeof made === 'string') {
      const hint = 'correct search in the config file, or leave it out';
      const message = `full-text search cannot be made again: ${made}`;
      shared.findings.push(makeFinding({ severity: 'error', code: 'plan.search', table: name, message, hint }));
      return [];
    }
    return statements({ ...made, name: shortName(entry?.name ?? name), configuration }, shared);
  });
}

function translate(
  entry: Pick<LeftOut, 'name' | 'sql'>,
  tables: readonly TableDraft[],
): { table: TableDraft; columns: ColumnDraft[] } | string {
  const text = readFullText(entry.sql ?? '');
  if (text === null) return 'it is no FTS table';
  const content = text.content ?? entry.name;
  const table = tables.find((one) => foldCase(one.source.name) === foldCase(content));
  if (table === undefined && text.content === null)
    return `it keeps its texts itself: have it carried too, with ${configLine({ virtualTables: { [entry.name]: 'table' } })}`;
  if (table === undefined) return `its table ${content} is not made`;
  if (findColumn(table, entry.name) !== null) return `${table.source.name} has a column of its name`;
  const columns = text.columns.map((name) => findColumn(table, name));
  const texts = columns.filter((column) => column !== null && column.type.class === 'text');
  if (texts.length === 0 || texts.length < columns.length) return 'its columns are not all texts';
  return { table, columns: texts.filter((column) => column !== null) };
}

function readFullText(sql: string): FullText | null {
  const tokens = readExpressionTokens(sql) ?? [];
  const using = tokens.findIndex((token) => isWord(token, 'USING'));
  const isFullText = ['FTS3', 'FTS4', 'FTS5'].some((word) => isWord(tokens[using + 1], word));
  const close = isFullText && isSign(tokens[using + 2], '(') ? findClose(tokens, using + 2) : -1;
  if (close < 0) return null;
  const parts = splitAtCommas(tokens.slice(using + 3, close));
  const options = new Map(
    parts.filter((part) => isSign(part[1], '=')).map((part) => [foldCase(part[0]?.text ?? ''), part[2]?.text ?? '']),
  );
  const content = options.get('content') ?? '';
  return {
    columns: parts
      .filter((part) => part.length > 0 && !isSign(part[1], '=') && !isWord(part[1], 'UNINDEXED'))
      .map((part) => part[0]?.text ?? ''),
    content: content === '' ? null : content,
  };
}

function statements(
  search: { table: TableDraft; columns: readonly ColumnDraft[]; name: string; configuration: string },
  { schema, names, findings }: Translation,
): string[] {
  const { table, columns, name, configuration } = search;
  const path = quotePath(schema, table.name);
  const texts = columns.map((column) => `coalesce(${quoteIdentifier(column.name)}, '')`).join(` || ' ' || `);
  const index = names.invent(`${table.name}_${name}_idx`);
  const message = `${name} becomes a tsvector column of ${table.source.name} with a GIN index`;
  const hint = `write ${name} @@ websearch_to_tsquery(${quoteText(configuration)}, …) where the application has MATCH`;
  findings.push(makeFinding({ severity: 'note', code: 'plan.search', table: table.source.name, message, hint }));
  return [
    `ALTER TABLE ${path} ADD COLUMN ${quoteIdentifier(name)} tsvector GENERATED ALWAYS AS (to_tsvector(${quoteText(configuration)}::regconfig, ${texts})) STORED`,
    `CREATE INDEX ${quoteIdentifier(index)} ON ${path} USING gin (${quoteIdentifier(name)})`,
  ];
}
