import { foldCase } from '../../lib/fold-case.js';
import { quoteIdentifier, quoteTable } from '../../lib/quote.js';
import type { Finding } from '../../model/plan.js';
import type { TargetCatalog } from '../../model/target.js';
import { makeFinding } from '../../plan/findings/finding.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { Recipe } from '../recipes.js';
import type { Survey } from './survey.js';

const examplesMax = 3;

type VersionRows = NonNullable<Recipe['versions']>[number];

/**
 * What both sides say of the application's version, in the rows that its recipe names. The tables of another version may
 * look the same and mean something else, and its own account of them stays behind.
 */
export async function checkVersions(request: {
  readonly recipe: Recipe;
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly target: TargetCatalog;
}): Promise<Finding[]> {
  const { recipe } = request;
  const findings = await Promise.all((recipe.versions ?? []).map((rows) => compareRows(request, rows)));
  return findings.flat();
}

async function compareRows(
  { recipe, survey, client, target }: Parameters<typeof checkVersions>[0],
  rows: VersionRows,
): Promise<Finding[]> {
  const here = columnsOf(survey.catalog.tables, rows);
  if (here === null) return [];
  const there = columnsOf(target.tables, rows);
  if (there === null) {
    const message = `${recipe.title} has not made ${rows.table} in the target, where it keeps account of its version`;
    return [differs(rows.table, message, recipe)];
  }
  const table = target.tables.find(({ name }) => name === there.table);
  if (table?.missingPrivileges.includes('SELECT') === true) {
    const message = `whether both sides of ${recipe.title} are of one version is not known: this role may not read ${there.table} of the target`;
    return [differs(rows.table, message, recipe)];
  }
  const source = new Set<string>();
  await survey.eachRow(here.table, here.columns, (values) => {
    source.add(named(values.map(String)));
    return true;
  });
  const own = new Set(await readRows(client, target, there));
  const lacking = [...source].filter((row) => !own.has(row));
  const more = [...own].filter((row) => !source.has(row));
  if (lacking.length + more.length === 0) return [];
  const parts = [
    ...(lacking.length === 0 ? [] : [`the target lacks ${examples(lacking)}`]),
    ...(more.length === 0 ? [] : [`the source lacks ${examples(more)}`]),
  ];
  const message = `both sides of ${recipe.title} are not of one version: of ${rows.table} (${rows.columns.join(', ')}) ${parts.join(', and ')}`;
  return [differs(rows.table, message, recipe)];
}

/** The table and its columns as this side writes them; null where one is not there. */
function columnsOf(
  tables: readonly { readonly name: string; readonly columns: readonly { readonly name: string }[] }[],
  rows: VersionRows,
): VersionRows | null {
  const found = tables.find(({ name }) => foldCase(name) === foldCase(rows.table));
  const columns = rows.columns.flatMap(
    (wanted) => found?.columns.find(({ name }) => foldCase(name) === foldCase(wanted))?.name ?? [],
  );
  return found === undefined || columns.length < rows.columns.length ? null : { table: found.name, columns };
}

async function readRows(client: TargetClient, { tables }: TargetCatalog, rows: VersionRows): Promise<string[]> {
  const schema = tables.find(({ name }) => name === rows.table)?.schema ?? 'public';
  const values = rows.columns.map((name) => `coalesce(${quoteIdentifier(name)}::text, 'null')`);
  const read = await client.query<{ values: string[] }>(
    `SELECT ARRAY[${values.join(', ')}] AS values FROM ${quoteTable(schema, rows.table)}`,
  );
  return read.map((row) => named(row.values));
}

const named = (values: readonly string[]) => values.join('.');

function examples(rows: readonly string[]): string {
  const shown = rows.slice(0, examplesMax).join(', ');
  return rows.length > examplesMax ? `${shown} and ${rows.length - examplesMax} more` : shown;
}

function differs(object: string, message: string, { title, prepare }: Recipe): Finding {
  return makeFinding({
    severity: 'warning',
    code: 'plan.application_version',
    object,
    message,
    hint: `bring both sides of ${title} to one version first: ${prepare}`,
  });
}
