import { warnOfEmpty } from './empty-target.js';
import { existsSync } from 'node:fs';
import { CopierError } from '../../model/error.js';
import type { Finding } from '../../model/plan.js';
import type { Framework, SourceTable } from '../../model/source.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { proposeShared } from '../../plan/findings/shared-choices.js';
import { recogniseFramework } from '../../source/catalog/frameworks.js';
import { typeRuleOf } from '../../plan/rules/rules.js';
import { checkMaking } from '../../plan/schema/making.js';
import { matchNames } from '../../plan/names/match.js';
import { schemaScript } from '../../translate/schema-script.js';
import { type TranslatedSchema, translateSchema } from '../../translate/translate.js';
import type { MadeSchema } from '../../model/schema.js';
import { countOf } from '../../report/units.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import type { TargetCatalog } from '../../model/target.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import {
  applySqlFiles,
  applyStatements,
  ensureSchema,
  readSqlFolder,
  type SqlFile,
} from '../../target/schema/schema.js';
import { findDoubtedTypes } from './doubted-types.js';
import { findMissing, type MissingTables, notMade } from './make-missing.js';
import { type ApplyStatements, makeTenantSchema } from './make-tenant.js';
import { resetForRun } from './reset.js';
import { refuseIfBlocked } from '../context.js';
import { type Settings, standardSqlFolder } from '../../model/settings.js';
import { choiceOf, rulesOf } from '../choices.js';
import type { Survey } from '../survey/survey.js';

/**
 * Makes the target schema, inside the caller's transaction where there is one: from the .sql files where there are any, else translated
 * from SQLite. Where tables are there already nothing is made; `plan` compares them with the source. The tables of a
 * tenant are made like those that are partitioned by it.
 */
export async function makeSchema(request: {
  readonly client: TargetClient;
  readonly schema: string;
  readonly settings: Settings;
  readonly survey: Survey;
  /** Whether a run follows, which needs a ledger. */
  readonly needsLedger: boolean;
  /** Whether making the schema is all that was asked for. */
  readonly isAsked?: boolean;
  /** What runs the statements of a translation. */
  readonly apply?: ApplyStatements;
}): Promise<MadeSchema> {
  const { client, schema, settings, survey } = request;
  const files = settings.resetSchema ? await readFiles(settings) : null;
  const dropped = files === null ? [] : await resetForRun(client, { schema, settings, survey, files });
  const makePlain = (apply?: ApplyStatements) =>
    makeWhereMissing({ ...request, ...(apply === undefined ? {} : { apply }) }, files);
  const { tenant } = settings;
  const made =
    tenant === undefined ? await makePlain() : await makeTenantSchema({ client, schema, partition: tenant }, makePlain);
  return { ...made, findings: [...dropped, ...made.findings] };
}

async function readFiles(settings: Settings): Promise<SqlFile[]> {
  if (!usesSqlFiles(settings)) return [];
  const files = await readSqlFolder(settings.sqlFolder);
  if (files.length === 0 && settings.sqlFolder !== standardSqlFolder) throw withoutFiles(settings.sqlFolder);
  return files;
}

/** The operator named a schema: what is made must not be another one, a translation, without a word. */
function withoutFiles(folder: string): CopierError {
  return new CopierError('usage.sql_folder', `there is no .sql file in ${folder}, and no NAME/migration.sql`, {
    hint: 'name the folder of the .sql files with --sql-dir, or leave it out with --from-source, which translates the SQLite schema',
  });
}

async function makeWhereMissing(
  request: Parameters<typeof makeSchema>[0],
  read: readonly SqlFile[] | null,
): Promise<MadeSchema> {
  const { client, schema, settings, survey, needsLedger } = request;
  const target = await readTargetCatalog(client, schema);
  const { tables } = target;
  if (tables.length > 0) {
    const missing = findMissing(survey, target, settings);
    if (missing.names.length > 0 && settings.makeMissing) return await makeBeside(request, target, missing);
    if (missing.names.length > 0 && request.isAsked === true && settings.tables.length > 0)
      throw notMade(schema, missing.names);
    return {
      tag: 'there',
      message: `schema ${schema} has ${countOf(tables.length, 'table')} already; none was made`,
      findings: [],
      lost: [],
      views: [],
      reasons: [],
      sql: null,
    };
  }
  refuseIfBlocked({ findings: checkMaking(target, { needsLedger }) }, 'the schema cannot be made');
  await ensureSchema(client, schema);
  const files = read ?? (await readFiles(settings));
  if (files.length > 0 && (await applyFitting(request, files))) {
    const names = files.map(({ name }) => name).join(', ');
    return {
      tag: 'sql',
      message: `schema ${schema} made from ${names} in ${settings.sqlFolder}`,
      findings: [],
      lost: [],
      views: [],
      reasons: [],
      sql: null,
    };
  }
  const framework = settings.fromSource ? null : recogniseFramework(survey.catalog);
  if (framework !== null && settings.targetUrl !== null) throw madeElsewhere(framework);
  const sources = survey.catalog.tables.map(({ name }) => name);
  const ofEmpty = await warnOfEmpty(client, { schema, sources, truncateTarget: settings.truncateTarget });
  const made = await translate(request, target.serverVersion);
  const trying = framework === null ? [] : [forTryingOut(framework)];
  return { ...made, findings: [...trying, ...ofEmpty, ...made.findings] };
}

/** A translation is a schema that the framework did not make: its models would not fit, and some would drop columns. */
function madeElsewhere({ name, mark, command }: Framework): CopierError {
  return new CopierError('plan.framework', `${name} made this database (${mark}), and the target has no tables`, {
    hint: `let ${name} make them: ${command} — with the target's url as its database; then run \`pgferry migrate --truncate-target\` (tables from a file: --sql-dir FOLDER). To translate the SQLite schema all the same: --from-source`,
  });
}

function forTryingOut({ name, mark, command }: Framework): Finding {
  return makeFinding({
    severity: 'warning',
    code: 'plan.framework',
    message: `${name} made this database (${mark}); the translated schema is for trying out, and does not fit its models`,
    hint: `for the application itself let ${name} make the tables: ${command}`,
  });
}

/**
 * Runs the files. The standard folder may belong to another database, as in a checkout of pgferry: where the operator
 * did not name it and its files make a table for none of the source's, they are rolled back and the result is false.
 */
async function applyFitting(
  { client, schema, settings, survey }: Parameters<typeof makeSchema>[0],
  files: readonly SqlFile[],
): Promise<boolean> {
  const apply = () => applySqlFiles(client, { files, schema });
  if (settings.sqlFolder !== standardSqlFolder) {
    await apply();
    return true;
  }
  try {
    await withTransaction(client, async () => {
      await apply();
      const { tables } = await readTargetCatalog(client, schema);
      const wanted = survey.catalog.tables.filter(({ framework }) => framework === undefined).map(({ name }) => name);
      const matches = matchNames(
        wanted,
        tables.map(({ name }) => name),
      );
      if (wanted.length > 0 && matches.size === 0) throw new OtherDatabase();
    });
  } catch (error) {
    if (error instanceof OtherDatabase) return false;
    if (!(error instanceof CopierError) || error.code !== 'target.sql_file') throw error;
    // Files that open transactions of their own run as they are where no transaction is open.
    await apply();
  }
  return true;
}

/** Thrown to roll the files back, and caught in this file. */
class OtherDatabase extends Error {}

/** The standard folder may be missing; a folder that the operator named must exist. */
function usesSqlFiles({ fromSource, sqlFolder }: Settings): boolean {
  return !fromSource && (sqlFolder !== standardSqlFolder || existsSync(sqlFolder));
}

async function translate(request: Parameters<typeof makeSchema>[0], serverVersion: number): Promise<MadeSchema> {
  const { client, schema, settings, survey, isAsked = false } = request;
  const apply = request.apply ?? ((made: readonly string[]) => applyStatements(client, schema, made));
  const { translated, sql } = await translateSurvey(survey, settings, { schema, serverVersion });
  const { statements, findings, lost, views, reasons } = translated;
  const blocking = findings.filter(({ severity }) => severity === 'error');
  if (blocking.length > 0) {
    const count = blocking.length === 1 ? 'one reason' : `${blocking.length} reasons`;
    const refusal = new CopierError(
      'plan.refused',
      `the schema cannot be translated for ${count}; nothing was written`,
      {
        hint: 'mend what is listed, or bring .sql files of your own in --sql-dir',
        findings: [...findings, ...proposeShared(findings, survey.catalog, rulesOf(settings))],
      },
    );
    if (isAsked) throw refusal;
    // The rest is made, so that the plan, which refuses too, can name all reasons at once.
    await applyStatements(client, schema, statements).catch(() => {
      throw refusal;
    });
  } else await apply(statements);
  const message = `schema ${schema} translated from SQLite: ${countOf(statements.length, 'statement')}`;
  return { tag: 'translated', message, findings, lost, views, reasons, sql };
}

/** Makes the tables that the target lacks beside those that it has, foreign keys to these included. */
async function makeBeside(
  { client, schema, survey }: Parameters<typeof makeSchema>[0],
  { serverVersion }: TargetCatalog,
  { names, settings }: MissingTables,
): Promise<MadeSchema> {
  const { translated, sql } = await translateSurvey(survey, settings, { schema, serverVersion, only: names });
  refuseIfBlocked(translated, 'the missing tables cannot be made');
  await applyStatements(client, schema, translated.statements);
  const { findings, lost, views, reasons } = translated;
  const message = `schema ${schema}: ${countOf(names.length, 'table')} made beside those that were there: ${names.join(', ')}`;
  return { tag: 'there', message, findings, lost, views, reasons, sql };
}

/** Translates the surveyed schema under the operator's settings; for a new server where none is there to ask. */
export async function translateSurvey(
  survey: Survey,
  settings: Settings,
  {
    schema,
    serverVersion,
    only,
  }: { readonly schema: string; readonly serverVersion?: number; readonly only?: readonly string[] },
): Promise<{ readonly translated: TranslatedSchema; readonly sql: string }> {
  const rules = rulesOf(settings);
  const wanted = ({ name, columns }: SourceTable, column: string) => {
    const declaredType = columns.find((one) => one.name === column)?.declaredType ?? '';
    const type = typeRuleOf(rules, name, { name: column, declaredType }) ?? declaredType;
    // Whether a column of days holds only days must be decided from every value.
    if (/^\s*date\s*$/i.test(type)) return 'always';
    return /^\s*(date|timestamp)/i.test(type) ? 'open' : 'no';
  };
  const census = await survey.countTimes(wanted);
  const isByPages = settings.reader !== 'rows';
  const trials = await survey.tryValues(findDoubtedTypes(survey, census, { rules, isByPages }));
  const translated = translateSchema({
    source: survey.catalog,
    census,
    trials,
    targetSchema: schema,
    choice: choiceOf(settings),
    rules,
    waive: settings.waive,
    ...(only === undefined ? {} : { only }),
    ...(serverVersion === undefined ? {} : { serverVersion }),
  });
  return { translated, sql: schemaScript(schema, translated) };
}
