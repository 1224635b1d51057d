import { CopierError } from '../../model/error.js';
import type { Finding } from '../../model/plan.js';
import type { Settings } from '../../model/settings.js';
import { matchNames } from '../../plan/names/match.js';
import { countOf } from '../../report/units.js';
import { findStoredSchema } from '../plan/schema-check.js';
import { quoteShell } from '../../lib/shell-word.js';
import type { TargetClient } from '../../target/connection/client.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { ledgerSchemaOf } from '../../target/ledger/names.js';
import { type ResetObject, resetSchema } from '../../target/schema/reset.js';
import type { SqlFile } from '../../target/schema/schema.js';
import type { Survey } from '../survey/survey.js';

/**
 * Drops what the schema holds and makes it again, empty. Only what an earlier run translated, what the source has too, what the .sql files will make
 * again, and what the operator named may go: `plan.reset_others`. Gives a finding that names all that went, for the
 * record.
 */
export async function resetForRun(
  client: TargetClient,
  request: {
    readonly schema: string;
    readonly settings: Settings;
    readonly survey: Survey;
    readonly files: readonly SqlFile[];
  },
): Promise<Finding[]> {
  const { schema, settings, survey, files } = request;
  if (ledgerSchemaOf(client.address) === schema && (await hasLedger(client))) throw holdsLedger(schema);
  // A schema that an earlier run translated was empty before, so that all tables of then are ours.
  const earlier = await findStoredSchema(client, schema);
  const ours = earlier?.isTranslated === true ? earlier.objects.map(({ table }) => table) : [];
  const objects = await resetSchema(client, schema, (found) => {
    const strangers = findStrangers(found, { survey, files, ours, named: settings.resetAlso });
    if (strangers.length > 0) throw refusal(schema, strangers);
  });
  if (objects.length === 0) return [];
  const hint = 'postgres-precutover.sql in the run folder has them as they were, where pg_dump could be run';
  const message = `dropped with schema ${schema}: ${objects.map(describeObject).join(', ')}`;
  return [{ severity: 'note', code: 'plan.schema_reset', table: null, column: null, key: null, message, hint }];
}

function findStrangers(
  objects: readonly ResetObject[],
  {
    survey,
    files,
    ours,
    named,
  }: {
    readonly survey: Survey;
    readonly files: readonly SqlFile[];
    readonly ours: readonly string[];
    readonly named: readonly string[];
  },
): ResetObject[] {
  if (named.includes('*')) return [];
  const { catalog } = survey;
  const sources = [...catalog.tables, ...catalog.leftOut].map(({ name }) => name);
  const inside = objects.filter(({ isOutside }) => !isOutside).map(({ name }) => name);
  const matched = [...matchNames(sources, inside).values()].map(({ target }) => target);
  const known = new Set([...ours, ...matched]);
  const remade = namesMadeBy(files);
  return objects.filter(
    ({ name, identity, isOutside }) =>
      !named.includes(name) && !named.includes(identity) && (isOutside || !(known.has(name) || remade.has(name))),
  );
}

/** Every name that a CREATE of the files gives, with its case folded as PostgreSQL does. */
function namesMadeBy(files: readonly SqlFile[]): Set<string> {
  const made = new Set<string>();
  for (const { statements } of files) {
    for (const { text } of statements) {
      const [, quoted, plain] = createName.exec(text) ?? [];
      if (quoted !== undefined) made.add(quoted.replaceAll('""', '"'));
      else if (plain !== undefined) made.add(plain.toLowerCase());
    }
  }
  return made;
}

const kinds =
  'TABLE|VIEW|SEQUENCE|TYPE|DOMAIN|FUNCTION|PROCEDURE|AGGREGATE|EXTENSION|COLLATION|OPERATOR|TEXT SEARCH (?:CONFIGURATION|DICTIONARY)';
const createName = new RegExp(
  String.raw`^CREATE\s(?:[^"'(;]*?\s)?(?:${kinds.replaceAll(' ', String.raw`\s+`)})\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?(?:"((?:[^"]|"")+)"|([\w$\x80-\uffff]+))`,
  'i',
);

function holdsLedger(schema: string): CopierError {
  const message = `schema ${schema} holds the ledger of the runs beside the tables, which a reset would drop too; nothing was dropped`;
  const hint =
    'to load the tables again: --truncate-target; to make them anew, drop them yourself, but not what begins with pgferry_';
  return new CopierError('plan.reset_others', message, { hint });
}

function refusal(schema: string, strangers: readonly ResetObject[]): CopierError {
  const names = strangers.map(({ name, identity, isOutside }) => (isOutside ? identity : name));
  const word = names.some((name) => name.includes(',')) ? '*' : names.join(',');
  return new CopierError(
    'plan.reset_others',
    `schema ${schema} holds ${countOf(strangers.length, 'thing')} that the source knows nothing of: ${strangers.map(describeObject).join(', ')}; nothing was dropped`,
    {
      hint: `save them first, or name another schema with ?schema= in the target's url; to drop them too: --reset-also ${quoteShell(word)}`,
    },
  );
}

export function describeObject({ kind, name, identity, isOutside }: ResetObject): string {
  return `${kind} ${isOutside ? identity : name}`;
}
