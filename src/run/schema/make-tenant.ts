import { CopierError } from '../../model/error.js';
import type { TenantPartition } from '../../model/fleet/tenant.js';
import type { MadeSchema, SchemaObject } from '../../model/schema.js';
import { matchNames } from '../../plan/names/match.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import { readSchemaObjects } from '../../target/schema/objects.js';
import { applyStatements, ensureSchema } from '../../target/schema/schema.js';
import { dropTables, makeViews, readViews } from '../../target/tenant/drafts.js';
import { listParents, lockParents, makeParent } from '../../target/tenant/parents.js';
import { keepDraft, knownDraft } from './known-drafts.js';
import { addTenantForeignKey, makePartition, type TenantForeignKey } from '../../target/tenant/partitions.js';

/** Runs the statements of a translation. */
export type ApplyStatements = (statements: readonly string[]) => Promise<void>;

interface TenantRequest {
  readonly client: TargetClient;
  /** Of the tenant's own tables. */
  readonly schema: string;
  readonly partition: TenantPartition;
}

/**
 * Makes the tables of one tenant, each like the partitioned table of its name, so that it can become a partition once it
 * is loaded; makes the partitioned ones that are not there yet. `makePlain` makes the source's tables as they would be
 * alone: what they are is read from them, then they give way; where it is known and no partitioned one is missing they are
 * not made at all. All in one transaction.
 */
export async function makeTenantSchema(
  request: TenantRequest,
  makePlain: (apply?: ApplyStatements) => Promise<MadeSchema>,
): Promise<MadeSchema> {
  const { client, schema, partition } = request;
  return await withTransaction(client, async () => {
    const { tables: there, serverVersion } = await readTargetCatalog(client, schema);
    if (there.length > 0) return await makePlain();
    const draft: { known: readonly SchemaObject[] | null; statements: readonly string[] | null } = {
      known: null,
      statements: null,
    };
    const made = await makePlain(async (statements) => {
      draft.known = await knownWithParents(request, statements);
      if (draft.known !== null) return;
      draft.statements = statements;
      await applyStatements(client, schema, statements);
    });
    const plain = draft.known ?? (await readSchemaObjects(client, schema));
    const tables = tablesOf(plain);
    const views = draft.known === null ? await readViews(client, schema) : [];
    if (draft.statements !== null && views.length === 0)
      keepDraft(client.address, { schema, statements: draft.statements }, plain);
    const names = await makeParents(request, { tables, plain });
    if (draft.known === null) await dropTables(client, schema, tables);
    const parents = await readSchemaObjects(client, partition.schema);
    const partitioned = [...names.values()];
    for (const table of partitioned) await makePartition(client, partition, { schema, table, parents });
    const own = await readSchemaObjects(client, schema);
    for (const key of chooseForeignKeys(request, { plain, names, partitioned, parents, own }))
      await addTenantForeignKey(client, partition, { schema, key, serverVersion });
    const isTranslated = made.tag === 'translated' && hasSameColumns(plain, own);
    if (isTranslated) await makeViews(client, schema, views);
    const message = `${made.message}; partitions of ${partition.schema} for ${partition.value}`;
    return isTranslated ? { ...made, message } : { ...made, tag: 'there' as const, message, views: [], sql: null };
  });
}

/** What the statements would make, where that is known and every partitioned table that they need is there. */
async function knownWithParents(
  { client, schema, partition }: TenantRequest,
  statements: readonly string[],
): Promise<readonly SchemaObject[] | null> {
  const known = knownDraft(client.address, { schema, statements });
  if (known === null) return null;
  const tables = tablesOf(known);
  const { partitioned } = await listParents(client, partition);
  return matchNames(tables, partitioned).size === tables.length ? known : null;
}

function tablesOf(objects: readonly SchemaObject[]): string[] {
  return [...new Set(objects.map(({ table }) => table))];
}

/** Makes the partitioned tables that are missing; gives the name of the partitioned one for each of the source's tables. */
async function makeParents(
  { client, schema, partition }: TenantRequest,
  { tables, plain }: { readonly tables: readonly string[]; readonly plain: readonly SchemaObject[] },
): Promise<ReadonlyMap<string, string>> {
  const match = async () => {
    const { partitioned, others } = await listParents(client, partition);
    return { others, matches: matchNames(tables, partitioned) };
  };
  let { others, matches } = await match();
  if (matches.size < tables.length) {
    await lockParents(client);
    ({ others, matches } = await match());
  }
  const missing = tables.filter((table) => !matches.has(table));
  const held = plain.find(
    ({ kind, table, name }) => kind === 'column' && missing.includes(table) && name === partition.column,
  );
  if (held !== undefined) throw columnTaken(held.table, partition);
  const taken = missing.find((table) => others.includes(table));
  if (taken !== undefined) throw notPartitioned(taken, partition);
  if (missing.length > 0) await ensureSchema(client, partition.schema);
  for (const table of missing) await makeParent(client, partition, { schema, table, objects: plain });
  return new Map(tables.map((table) => [table, matches.get(table)?.target ?? table]));
}

/**
 * The foreign keys of the partitions: those of a partitioned table that has some, between the same tables of the tenant;
 * else the source's, where their columns are there.
 */
function chooseForeignKeys(
  { partition }: TenantRequest,
  found: {
    readonly plain: readonly SchemaObject[];
    readonly names: ReadonlyMap<string, string>;
    readonly partitioned: readonly string[];
    readonly parents: readonly SchemaObject[];
    /** Of the tenant's own tables. */
    readonly own: readonly SchemaObject[];
  },
): TenantForeignKey[] {
  const { plain, names, partitioned, parents, own: made } = found;
  const hasColumns = (table: string, columns: readonly string[]) =>
    columns.every((name) =>
      made.some((object) => object.kind === 'column' && object.table === table && object.name === name),
    );
  const fromParents = parents.flatMap(toForeignKey).filter(({ reference }) => reference.schema === partition.schema);
  const own = new Set(fromParents.map(({ table }) => table));
  const fromSource = plain.flatMap(toForeignKey).map((key) => ({
    ...key,
    table: names.get(key.table) ?? key.table,
    reference: { ...key.reference, table: names.get(key.reference.table) ?? key.reference.table },
  }));
  const withoutTenant = (columns: readonly string[]) => columns.filter((name) => name !== partition.column);
  return [...fromParents, ...fromSource.filter(({ table }) => !own.has(table))]
    .map((key) => ({
      ...key,
      columns: withoutTenant(key.columns),
      reference: { ...key.reference, columns: withoutTenant(key.reference.columns) },
    }))
    .filter(
      ({ table, columns, reference }) =>
        partitioned.includes(table) &&
        partitioned.includes(reference.table) &&
        hasColumns(table, columns) &&
        hasColumns(reference.table, reference.columns),
    );
}

function toForeignKey({ kind, name, table, columns, reference }: SchemaObject): TenantForeignKey[] {
  return kind === 'foreign_key' && reference !== null ? [{ name, table, columns, reference }] : [];
}

/** Whether the tables have the columns that the translation gave them. */
function hasSameColumns(plain: readonly SchemaObject[], made: readonly SchemaObject[]): boolean {
  const lines = new Set(made.filter(({ kind }) => kind === 'column').map(asLine));
  return plain.filter(({ kind }) => kind === 'column').every((object) => lines.has(asLine(object)));
}

function asLine({ table, name, definition }: SchemaObject): string {
  return JSON.stringify([table, name, definition]);
}

function columnTaken(table: string, { column }: TenantPartition): CopierError {
  return new CopierError('plan.tenant_column', `the table ${table} has a column ${column} of its own`, {
    hint: 'choose another name for that of the tenant: pgferry fleet enqueue --into tenant-column --tenant-column NAME',
    table,
    column,
  });
}

function notPartitioned(table: string, { schema, column }: TenantPartition): CopierError {
  return new CopierError(
    'plan.tenant_table',
    `${schema}.${table} is there, but is no table that is partitioned by LIST (${column})`,
    {
      hint: `rename it, or partition it; or name another schema in the address of pgferry fleet enqueue: ?schema=NAME`,
      table,
    },
  );
}
