import type { ColumnPlan, Finding, TablePlan } from '../../model/plan.js';
import type { TargetCatalog, TargetForeignKey } from '../../model/target.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { quoteIdentifier, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../../target/connection/client.js';
import { equalFormOf } from './server-form.js';
import type { Survey } from './survey.js';

const examplesMax = 3;
/** References that are looked at; of more these must do. */
const referencesMax = 5000;

/**
 * Rows of target tables that are not loaded, and that refer to rows of tables that are: what of these the source does not
 * have would be missing after the load, when the foreign key is made again.
 */
export async function checkOutsideRows(request: {
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly target: TargetCatalog;
  readonly tables: readonly TablePlan[];
}): Promise<Finding[]> {
  const { client, target, tables } = request;
  const outside = target.tables.filter(
    ({ name, hasRows, kind }) => hasRows && kind === 'r' && !tables.some((table) => table.target === name),
  );
  const findings: Finding[] = [];
  for (const { schema, name, foreignKeys } of outside) {
    for (const key of foreignKeys) {
      const parent = tables.find(
        (table) => table.target === key.parentTable && table.targetSchema === key.parentSchema,
      );
      const columns = parent === undefined ? null : comparedColumns(parent, key);
      if (parent === undefined || columns === null) continue;
      const wanted = await readReferences(client, quoteTable(schema, name), key);
      const lost = await missingIn(request.survey, { parent, columns, wanted });
      if (lost.length > 0) findings.push(lostFinding(name, key, lost));
    }
  }
  return findings;
}

/** The parent's columns, where the text of a value says whether two are equal; null elsewhere. */
function comparedColumns({ columns }: TablePlan, { parentColumns }: TargetForeignKey): ColumnPlan[] | null {
  const found = parentColumns.flatMap((name) => columns.find(({ target }) => target === name) ?? []);
  const isText = found.every(({ kind }) => ['int2', 'int4', 'int8', 'uuid', 'text'].includes(kind.tag));
  return isText && found.length === parentColumns.length ? found : null;
}

async function readReferences(client: TargetClient, table: string, { columns }: TargetForeignKey): Promise<string[][]> {
  const names = columns.map(quoteIdentifier);
  const rows = await client.query<{ values: string[] }>(
    `SELECT DISTINCT ARRAY[${names.map((name) => `${name}::text`).join(', ')}] AS values FROM ${table}
      WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')} LIMIT ${referencesMax}`,
  );
  return rows.map(({ values }) => values);
}

async function missingIn(
  survey: Survey,
  request: {
    readonly parent: TablePlan;
    readonly columns: readonly ColumnPlan[];
    readonly wanted: readonly string[][];
  },
): Promise<string[][]> {
  const { parent, columns, wanted } = request;
  if (wanted.length === 0) return [];
  const forms = columns.map(equalFormOf);
  const left = new Map(wanted.map((values) => [JSON.stringify(values), values]));
  for (const key of stayingKeys(parent, columns)) left.delete(JSON.stringify(key));
  const names = columns.map(({ source }) => source);
  await survey.eachRow(parent.source, names, (values) => {
    left.delete(JSON.stringify(values.map((value, at) => asPrinted(forms[at]?.(value) ?? null, columns[at]))));
    return left.size > 0;
  });
  return [...left.values()];
}

/** Rows of the parent that stay though the source does not have them, by these columns where they are its key. */
function stayingKeys({ staying }: TablePlan, columns: readonly ColumnPlan[]): (string | undefined)[][] {
  if (staying === undefined || columns.some(({ target }) => !staying.columns.includes(target))) return [];
  return staying.keys.map((key) => columns.map(({ target }) => key[staying.columns.indexOf(target)]));
}

/** The form of a uuid is its digits alone; PostgreSQL prints it in groups. */
export function asPrinted(form: string | null, column: ColumnPlan | undefined): string | null {
  if (column?.kind.tag !== 'uuid' || form === null) return form;
  return form.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function lostFinding(table: string, key: TargetForeignKey, lost: readonly string[][]): Finding {
  const columns = key.columns.join(', ');
  const named = lost.slice(0, examplesMax).map((values) => `(${columns})=(${values.join(', ')})`);
  const what = lost.length === 1 ? 'a row' : `${lost.length} rows`;
  const where = `SELECT * FROM ${quoteTable(key.parentSchema, table)}`;
  return makeFinding({
    severity: 'error',
    code: 'plan.rows_elsewhere',
    object: table,
    message: `the target table ${table}, which the source does not fill, refers by ${key.name} to ${what} of ${key.parentTable} that the source does not have: ${named.join('; ')}`,
    hint: `delete or correct these rows of the target first (${where}), or bring their parents into the source`,
  });
}
