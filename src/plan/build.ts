import type { TableCensus, TableTrial } from '../model/census.js';
import type { ColumnPlan, Finding, Plan, TablePlan } from '../model/plan.js';
import type { Kind } from '../model/kind.js';
import { type Rules, policyFor } from '../model/rules.js';
import type { SourceCatalog } from '../model/source.js';
import { must } from '../model/error.js';
import { typeormNameIn } from '../lib/typeorm-names.js';
import { checkAnyTable } from './any-table.js';
import { applyPolicies } from './rules/apply-policies.js';
import { makeFinding } from './findings/finding.js';
import { fitTables, type TableFit } from './fit.js';
import { checkForeignKeys, collectEdges } from './graph/foreign-keys.js';
import { buildGraph, compareNames, type Graph } from './graph/graph.js';
import { canDetachForeignKeys, checkCycles, joinSelfReferences } from './graph/in-force.js';
import { chooseKey } from './key.js';
import type { ColumnPair } from './kinds/column-pair.js';
import { epochMarkOf } from './kinds/epoch-mark.js';
import { chooseKind } from './kinds/kinds.js';
import { hashPlan } from './plan-hash.js';
import { checkReadiness } from './readiness.js';
import { defaultValueOf } from './rules/default-value.js';
import { habitRulesOf } from './rules/habits.js';
import { checkRuleNames, columnRulesOf, noRules, policiesOf } from './rules/rules.js';
import { checkSizes } from './sizes.js';
import { joinWholeTables } from './graph/whole-tables.js';
import { weighMissingColumns } from './missing-columns.js';
import { checkVirtualRows } from './virtual-rows.js';
import type { PlanRequest, PlanChoices } from './plan-request.js';

/**
 * Decides everything before the first write. All reasons against it are in `findings`; one error among them means
 * refusal.
 */
export function buildPlan(request: PlanRequest): Plan {
  const { source, target, options } = request;
  const fit = fitTables({ source, target, choice: options, rules: options.rules ?? noRules });
  const edges = collectEdges(fit.tables);
  const graph = buildGraph(
    edges,
    fit.tables.map((table) => table.source.name),
  );
  const marks = {
    mark: epochMarkOf(source),
    framework: frameworkIn(source),
    isTranslated: options.isTranslated === true,
  };
  const planned = fit.tables.map((table) => planTable(table, { graph, marks, request }));
  const notOwned = options.isComparison === true ? [] : fit.tables.filter((table) => !table.target.isOwned);
  const keepsConstraints = options.keepConstraints || notOwned.length > 0;
  const inOrder = planned.map((one) => one.table).sort((a, b) => a.layer - b.layer || bySize(a, b));
  const inForce = keepsConstraints ? fit.tables : fit.tables.filter((table) => !canDetachForeignKeys(table, target));
  const tables = inForce.length > 0 ? joinSelfReferences(inOrder, inForce) : joinTables(inOrder, options);
  const decided = {
    version: 1 as const,
    tables,
    layers: graph.layers.map((_, layer) =>
      tables.filter((table) => table.layer === layer).map((table) => table.source),
    ),
    cycles: graph.cycles,
    edges,
    leftOut: [...source.leftOut, ...fit.leftOut],
    keepsConstraints,
  };
  const virtualRows = checkVirtualRows(source, options);
  const findings = [
    ...checkRuleNames(options.rules ?? noRules, source),
    // Where virtual tables hold what there is, it is they that are to be decided about.
    ...(virtualRows.some(({ severity }) => severity === 'error') ? [] : checkAnyTable(source, options)),
    ...weighMissingColumns(fit.findings, { ...options, census: request.census }),
    ...virtualRows,
    ...checkReadiness({ ...options, target, tables: fit.tables, framework: marks.framework }),
    ...(options.keepConstraints ? [] : noteOwners(notOwned)),
    ...(options.isComparison === true ? [] : checkCycles(inForce)),
    ...checkSizes(fit.tables, request),
    ...planned.flatMap((one) => one.findings),
    ...checkForeignKeys({ source, tables: fit.tables, violations: request.violations }),
    ...(request.rowFindings ?? []),
  ];
  return { ...decided, hash: hashPlan(decided), findings: applyPolicies(findings, tables, request.trials) };
}

function joinTables(tables: readonly TablePlan[], { wholeTables = null }: PlanChoices): readonly TablePlan[] {
  return wholeTables === null ? tables : joinWholeTables(tables, wholeTables);
}

/** Biggest first, so that the longest work starts earliest. */
function bySize(a: TablePlan, b: TablePlan): number {
  return b.estimatedBytes - a.estimatedBytes || b.rows - a.rows || compareNames(a.source, b.source);
}

function noteOwners(tables: readonly TableFit[]): Finding[] {
  if (tables.length === 0) return [];
  const names = tables.map((table) => table.target.name).join(', ');
  const message = `our role does not own ${names}: indexes and constraints stay in force, and layers are loaded one after the other`;
  return [
    makeFinding({ severity: 'note', code: 'plan.not_owner', message, hint: 'copy as the owner for a faster load' }),
  ];
}

/** What the source as a whole says of its columns. */
type SourceMarks = Pick<ColumnPair, 'mark' | 'framework' | 'isTranslated'>;

function planTable(
  fit: TableFit,
  { graph, marks, request }: { readonly graph: Graph; readonly marks: SourceMarks; readonly request: PlanRequest },
): { table: TablePlan; findings: Finding[] } {
  const { source, target } = fit;
  const { options } = request;
  const census = must(
    request.census.find((one) => one.table === source.name),
    `census of ${source.name}`,
  );
  const rules = options.rules ?? noRules;
  const planned = planColumns(fit, census, {
    rules,
    trial: request.trials?.find((one) => one.table === source.name),
    marks,
  });
  const format = chooseFormat(planned.columns, options);
  const reader = options.chooseReader?.(source) ?? { reader: 'rows', reason: 'the row reader reads every table' };
  const chunks = request.chunksOf(source.name);
  const table: TablePlan = {
    source: source.name,
    targetSchema: target.schema,
    target: target.name,
    columns: planned.columns,
    policies: policiesOf(rules, source.name),
    ...(hasRules(rules) ? keysOf(target) : {}),
    key: chooseKey(source, target, { columns: planned.columns, census }),
    layer: must(graph.layerOf.get(source.name), 'layer'),
    rows: census.rows,
    estimatedBytes: chunks.reduce((sum, chunk) => sum + chunk.estimatedBytes, 0),
    rootPage: source.rootPage,
    isWithoutRowid: source.isWithoutRowid,
    rowidName: source.rowidName,
    rowidAlias: source.rowidAlias,
    sourceKey: source.isWithoutRowid ? source.primaryKey : [],
    reader: reader.reader,
    readerReason: reader.reason,
    format: format.format,
    formatReason: format.reason,
    chunks,
  };
  const isOverruled = options.isFormatForced && format.format !== options.format;
  return {
    table,
    findings: isOverruled ? [...planned.findings, formatFinding(source.name, format.reason)] : planned.findings,
  };
}

/** The framework whose bookkeeping the source has, or whose names its tables bear, by its name. */
function frameworkIn({ leftOut, tables }: SourceCatalog): string | null {
  const known = [...leftOut, ...tables].find(({ framework }) => framework !== undefined)?.framework?.name;
  return known ?? (typeormNameIn(tables) === null ? null : 'TypeORM');
}

function planColumns(
  fit: TableFit,
  census: TableCensus,
  {
    rules,
    trial,
    marks,
  }: {
    readonly rules: Rules;
    readonly trial: TableTrial | undefined;
    readonly marks: SourceMarks;
  },
): { columns: ColumnPlan[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const columns = fit.columns.map(({ source, target }) => {
    const column = must(
      census.columns.find((one) => one.column === source.name),
      `census of column ${source.name}`,
    );
    const isPrimaryKey = fit.target.primaryKey.includes(target.name);
    const tried = trial?.columns.find((one) => one.column === source.name);
    const choice = chooseKind({
      table: fit.source.name,
      source,
      target,
      census: column,
      isPrimaryKey,
      ...marks,
      rules: columnRulesOf(rules, fit.source.name, source.name),
      habits: habitRulesOf(rules, source),
      ...(tried === undefined ? {} : { trial: tried }),
    });
    findings.push(...choice.findings);
    const { declaredType, affinity } = source;
    const { reason, isUnitMoot } = choice;
    const policies = policiesOf(rules, fit.source.name, source);
    const defaultValue = defaultValueOf(target.defaultSql);
    const isNulDecided = choice.kind.tag === 'json' && policyFor(policies, 'json_nul') !== 'fail';
    const kind: Kind = isNulDecided ? { tag: 'json', refusesNul: true } : choice.kind;
    return {
      source: source.name,
      target: target.name,
      declaredType,
      affinity,
      targetType: target.type,
      kind,
      reason,
      isTextual: isTextual(kind),
      ...(isUnitMoot === true ? { isUnitMoot } : {}),
      notNull: target.notNull || isPrimaryKey,
      ...(defaultValue === null ? {} : { defaultValue }),
      policies,
    };
  });
  return { columns, findings };
}

function hasRules({ policies, tableRules, columns = {}, declared = {} }: Rules): boolean {
  return [policies, tableRules, columns, declared].some((rules) => Object.keys(rules).length > 0);
}

function keysOf({ primaryKey, uniqueKeys, uniqueIndexes = [], foreignKeys }: TableFit['target']) {
  return { foreignKeys, uniqueIndexes, uniqueKeys: primaryKey.length === 0 ? uniqueKeys : [primaryKey, ...uniqueKeys] };
}

/** Whether NULL against the empty string is a question for this kind. */
function isTextual(kind: Kind): boolean {
  return kind.tag === 'text' || kind.tag === 'char';
}

function chooseFormat(
  columns: readonly ColumnPlan[],
  options: PlanChoices,
): { format: 'binary' | 'text'; reason: string } {
  if (options.format === 'text') return { format: 'text', reason: 'asked for' };
  const literal = columns.find((column) => column.kind.tag === 'literal');
  if (literal === undefined) return { format: 'binary', reason: 'every column has a binary form' };
  return { format: 'text', reason: `${literal.target} is ${literal.targetType}, which is given as text` };
}

function formatFinding(table: string, reason: string): Finding {
  const message = `goes in text format although binary was asked for: ${reason}`;
  return makeFinding({
    severity: 'warning',
    code: 'plan.format',
    table,
    message,
    hint: 'nothing to do: the values are the same',
  });
}
