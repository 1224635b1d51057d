import { isSameName } from '../../lib/fold-case.js';
import type { ColumnPlan, Finding, TablePlan } from '../../model/plan.js';
import type { SourceForeignKey, SourceTable } from '../../model/source.js';
import type { TargetCatalog } from '../../model/target.js';
import { must } from '../../model/error.js';
import {
  checkFinding,
  duplicateFinding,
  halfReferenceFinding,
  rejectedFinding,
  targetOrphanFinding,
} from '../../plan/findings/target-rules.js';
import { hasSameParts, isOfParts, printedFinding } from '../../plan/findings/printed-form.js';
import { isWaived } from '../../plan/findings/waive.js';
import type { Combination, UniqueLook } from '../../source/catalog/equal-rows.js';
import {
  listChecks,
  listUniqueKeys,
  printedByType,
  refusedByCheck,
  refusedByType,
  type TableCheck,
} from '../../target/judged/checked-values.js';
import { listExclusions } from '../../target/judged/exclusions.js';
import { listJudgedKeys } from '../../target/judged/judged-keys.js';
import type { TargetClient } from '../../target/connection/client.js';
import { listBtreeIndexes } from '../../target/judged/index-rows.js';
import { tryIndexRows } from './index-rows.js';
import { formedRowsMax, rowsBy, type TablePair, tryExclusion, tryJudgedKey, valueLists } from './judged-rows.js';
import { equalFormOf, isCitext } from './server-form.js';
import type { Survey } from './survey.js';

/**
 * What only the target refuses, tried on the snapshot before a row is copied: rows that are equal under its unique keys,
 * rows that are too long for its indexes, and values that its CHECKs, its domains and the input functions of its types
 * do not take. Leaves nothing behind. Of a translated schema, whose rules are the source's, only the keys and indexes: a
 * type may hold values for equal that SQLite tells apart.
 */
export async function tryTargetRules(request: {
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly target: TargetCatalog;
  readonly tables: readonly TablePlan[];
  readonly isTranslated: boolean;
  readonly waive: readonly string[];
  readonly keepConstraints: boolean;
}): Promise<Finding[]> {
  const { survey, client, target, tables, isTranslated, waive, keepConstraints } = request;
  const findings: Finding[] = [];
  const pairs = findPairs(survey, target, tables);
  const targets = pairs.map((pair) => pair.target);
  const keys = await listUniqueKeys(client, targets);
  const checks = isTranslated ? new Map<number, readonly TableCheck[]>() : await listChecks(client, targets);
  const judged = await listJudgedKeys(client, targets);
  const exclusions = await listExclusions(client, targets);
  const indexes = await listBtreeIndexes(client, targets);
  for (const pair of pairs) {
    const { plan, target: to } = pair;
    for (const key of keys.get(to.oid) ?? []) {
      const columns = columnsToLookAt(pair, key.columns);
      const waiver = `${key.kind}:${key.name}`;
      if (columns === null || isWaived(waive, waiver)) continue;
      const found = await survey.findEqualRows(lookOf(pair, columns));
      if (found.count > 0) findings.push(duplicateFinding(plan, columns, { ...found, waiver, isTranslated }));
    }
    for (const key of judged.get(to.oid) ?? [])
      if (!isWaived(waive, `${key.kind}:${key.name}`))
        findings.push(...(await tryJudgedKey(survey, client, pair, key)));
    const trial = { ...pair, isTranslated, keepConstraints };
    findings.push(...(await tryIndexRows(survey, client, trial, indexes.get(to.oid) ?? [])));
    if (isTranslated) continue;
    for (const exclusion of exclusions.get(to.oid) ?? [])
      if (!isWaived(waive, `exclusion:${exclusion.name}`))
        findings.push(...(await tryExclusion(survey, client, pair, exclusion)));
    findings.push(...(await tryForeignKeys(survey, pair, { tables, waive })));
    findings.push(...(await tryChecks({ survey, client, pair, checks: checks.get(to.oid) ?? [] })));
    findings.push(...(await tryInputs(survey, client, pair, target.serverVersion)));
  }
  return findings;
}

/** Planned tables that hold rows, with both sides' catalogs of them. */
function findPairs(survey: Survey, target: TargetCatalog, tables: readonly TablePlan[]): TablePair[] {
  const sources = new Map(survey.catalog.tables.map((table) => [table.name, table]));
  const targets = new Map(target.tables.map((table) => [table.name, table]));
  return tables.flatMap((plan) => {
    const [source, to] = [sources.get(plan.source), targets.get(plan.target)];
    return source === undefined || to === undefined || plan.rows === 0 ? [] : [{ plan, source, target: to }];
  });
}

/** The columns of a unique key that rows may break; null where the source keeps it as strictly. */
function columnsToLookAt({ plan, source }: TablePair, names: readonly string[]): ColumnPlan[] | null {
  const columns = names.flatMap((name) => plan.columns.find((column) => column.target === name) ?? []);
  if (columns.length !== names.length) return null;
  if (!isUniqueInSource(source, columns)) return columns;
  return columns.every(isPlain) || plan.rows > formedRowsMax ? null : columns;
}

function isUniqueInSource(
  { primaryKey, rowidAlias, isWithoutRowid, indexes }: SourceTable,
  columns: readonly ColumnPlan[],
) {
  const isWithin = (names: readonly (string | null)[]): boolean =>
    names.length > 0 && names.every((name) => columns.some(({ source }) => source === name));
  if (rowidAlias !== null && isWithin([rowidAlias])) return true;
  if (isWithoutRowid && isWithin(primaryKey)) return true;
  return indexes.some(
    ({ isUnique, isPartial, columns: of }) => isUnique && !isPartial && isWithin(of.map(({ column }) => column)),
  );
}

/** Whether two values are equal on both sides or on neither. */
function isPlain({ kind, affinity, targetType }: ColumnPlan): boolean {
  if (kind.tag === 'text') return affinity === 'text' && !isCitext(targetType);
  return ['int2', 'int4', 'int8'].includes(kind.tag) && affinity === 'integer';
}

function lookOf({ source }: TablePair, columns: readonly ColumnPlan[]): UniqueLook {
  return {
    table: source,
    columns: columns.map((column) => ({
      name: column.source,
      form: isPlain(column) ? null : equalFormOf(column),
    })),
  };
}

/**
 * Foreign keys that only the target has, since those of the source are looked at by its own; and of all of them what
 * MATCH FULL refuses, which SQLite does not have.
 */
async function tryForeignKeys(
  survey: Survey,
  { plan, source, target }: TablePair,
  { tables, waive }: { readonly tables: readonly TablePlan[]; readonly waive: readonly string[] },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of target.foreignKeys) {
    const parent = tables.find(
      ({ target: name, targetSchema }) => name === key.parentTable && targetSchema === key.parentSchema,
    );
    if (parent === undefined || isWaived(waive, `foreign-key:${key.name}`)) continue;
    const children = key.columns.flatMap((name) => plan.columns.find((column) => column.target === name) ?? []);
    const parents = key.parentColumns.flatMap((name) => parent.columns.find((column) => column.target === name) ?? []);
    const isWhole = children.length === key.columns.length && parents.length === key.parentColumns.length;
    const isOfSource = source.foreignKeys.some(
      (one) =>
        isSameName(one.parentTable, parent.source) &&
        isSameSet(
          one.columns,
          children.map((column) => column.source),
        ),
    );
    if (!isWhole) continue;
    const asked: SourceForeignKey = {
      id: -1,
      columns: children.map((column) => column.source),
      parentTable: parent.source,
      parentColumns: parents.map((column) => column.source),
      onDelete: 'NO ACTION',
      onUpdate: 'NO ACTION',
      deferrable: 'no',
    };
    const half = key.isMatchFull === true ? await survey.findHalfReferences(source, asked) : null;
    if (half !== null) findings.push(halfReferenceFinding(plan, key, half));
    if (isOfSource) continue;
    const found = await survey.findOrphans(source, {
      key: asked,
      forms: children.map((child, at) => ({
        child: equalFormOf(child),
        parent: equalFormOf(must(parents[at], 'parent column')),
      })),
    });
    if (found !== null) findings.push(targetOrphanFinding(plan, key, found));
  }
  return findings;
}

function isSameSet(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name) => others.some((other) => isSameName(name, other)));
}

async function tryChecks({
  survey,
  client,
  pair,
  checks,
}: {
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly pair: TablePair;
  readonly checks: readonly TableCheck[];
}): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    const rows = await rowsBy(survey, pair, check.columns);
    if (rows === null) continue;
    const refused = await refusedByCheck(client, { check, ...rows.sent });
    if (refused.length > 0)
      findings.push(checkFinding(pair.plan, check, rows.planned, pick(rows.combinations, refused)));
  }
  return findings;
}

/** Values of domains, and of types whose form the server alone knows. */
async function tryInputs(
  survey: Survey,
  client: TargetClient,
  { plan, source, target }: TablePair,
  serverVersion: number,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const column of plan.columns) {
    const to = target.columns.find(({ name }) => name === column.target);
    if (to === undefined || (!to.isDomain && column.kind.tag !== 'literal')) continue;
    const combinations = await survey.listCombinations({ table: source, columns: [column.source] });
    const [values = []] = valueLists([column], combinations);
    const refused = await refusedByType(client, to.type, values, serverVersion);
    const { positions, isWhole } = refused;
    if (isOfParts(to)) {
      const taken = values.map((value, at) => (positions.includes(at) ? null : value));
      const printed = await printedByType(client, to.type, taken);
      const changed = taken.flatMap((text, at) => {
        const now = printed[at] ?? null;
        const of = must(combinations[at], 'combination');
        return text === null || now === null || hasSameParts(text, now)
          ? []
          : [{ text, printed: now, key: of.key, rows: of.rows }];
      });
      findings.push(...printedFinding(plan, column, changed));
    }
    if (positions.length === 0) continue;
    const found = pick(combinations, positions);
    findings.push(rejectedFinding(plan, column, { isDomain: to.isDomain, isWhole, found }));
  }
  return findings;
}

function pick(combinations: readonly Combination[], positions: readonly number[]): Combination[] {
  return positions.map((position) => must(combinations[position], 'combination'));
}
