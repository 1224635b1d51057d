import { findRecipe, noteApplication } from '../recipes.js';
import type { TableCensus, TableTrial } from '../../model/census.js';
import type { TableFingerprint } from '../../model/copy.js';
import type { Chunk, Finding, Plan, TablePlan } from '../../model/plan.js';
import type { Rules } from '../../model/rules.js';
import type { ForeignKeyViolation } from '../../model/source.js';
import type { TargetCatalog } from '../../model/target.js';
import { buildPlan } from '../../plan/build.js';
import { isTemporal } from '../../plan/kinds/kinds.js';
import { foldCase } from '../../lib/fold-case.js';
import { columnRulesOf } from '../../plan/rules/rules.js';
import { isMerged, isReplaced, noteSeeded } from '../../plan/rules/seeded.js';
import { noteBigints } from '../../plan/findings/bigint-columns.js';
import { proposeShared } from '../../plan/findings/shared-choices.js';
import { findDoubts } from '../../plan/rules/doubt.js';
import { recogniseFramework } from '../../source/catalog/frameworks.js';
import { choosePages } from '../../source/pages/layout.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { WholeTables } from '../../plan/graph/whole-tables.js';
import { isLocal } from '../../target/connection/locality.js';
import { readSchemaObjects } from '../../target/schema/objects.js';
import { wholeTablesOf } from '../load/copy-threads.js';
import type { MadeSchema } from '../../model/schema.js';
import { stayingOf, mergeRows, withStaying } from './staying-rows.js';
import { isAsLoaded, readLoaded } from './replaceable.js';
import { compareSeeded, type SeededRows } from './seeded-rows.js';
import { checkClaims } from '../../translate/compare/claims.js';
import { findStoredOrigin } from './schema-check.js';
import type { Settings } from '../../model/settings.js';
import { choiceOf, rulesOf } from '../choices.js';
import { choicesOf, type StoredPlan, type StoredSchema } from './stored-plan.js';
import { referencesToLookAt } from '../survey/references.js';
import { checkOutsideRows } from '../survey/outside-rows.js';
import { tryTargetRules } from '../survey/target-rules.js';
import { checkVersions } from '../survey/application-version.js';
import type { Survey } from '../survey/survey.js';
import type { WantedTimes } from '../survey/time-counts.js';

/** Plans the copy of a surveyed snapshot into the schema as it is now. Reads only. */
export async function preparePlan(request: {
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly schema: string;
  readonly settings: Settings;
  /** How the schema was made, or null where two sides are only compared. */
  readonly made: MadeSchema | null;
}): Promise<StoredPlan> {
  const { survey, client, schema, settings, made } = request;
  const isComparison = made === null;
  const target = await readTargetCatalog(client, schema);
  const wholeTables = isComparison ? null : wholeTablesOf(settings, isLocal(client));
  const isOurs = made?.tag === 'translated' || (await findStoredOrigin(client, schema))?.isTranslated === true;
  const rules = rulesOf(settings);
  const census = await survey.countTimes(timesOf(target, rules));
  const common = {
    survey: withoutViews({ ...survey, census }, made?.views ?? []),
    target,
    settings,
    isComparison,
    wholeTables,
    isTranslated: isOurs,
  };
  const draft = buildFrom({ ...common, rules, violations: [], replaceable: new Set(), trials: [], rowFindings: [] });
  const violations = await survey.judgeReferences(referencesToLookAt(draft, survey.catalog, survey.violations));
  const own = isComparison ? new Set<string>() : await findReplaceable(client, schema, { draft, target, settings });
  const foreign = tablesWithRows(draft, target).filter(({ source }) => !own.has(source));
  const isToMerge = ({ source }: TablePlan) => isMerged(settings.tableRules, source);
  const isLookedAt = !isComparison && !settings.truncateTarget;
  const compared = await compareSeeded(client, survey, isLookedAt ? foreign.filter((table) => !isToMerge(table)) : []);
  const mine = isComparison ? [] : foreign.filter(isToMerge);
  const merged = await mergeRows(client, { survey, schema, target, tables: mine });
  const staying = isComparison ? await stayingOf(client, schema, draft) : merged.staying;
  const trials = isComparison ? [] : await survey.tryValues(findDoubts(draft, survey.census));
  const rowFindings = isComparison
    ? []
    : [
        ...(await tryTargetRules({
          survey,
          client,
          target,
          tables: draft.tables,
          isTranslated: isOurs,
          waive: settings.waive,
          keepConstraints: settings.keepConstraints,
        })),
        ...(isOurs
          ? []
          : await checkOutsideRows({ survey, client, target, tables: withStaying(draft, staying).tables })),
      ];
  const replaceable = new Set([...own, ...compared.equal.keys(), ...mine.map(({ source }) => source)]);
  const isAsDrafted =
    [violations, trials, rowFindings].every(({ length }) => length === 0) && replaceable.size + foreign.length === 0;
  const built = isAsDrafted
    ? draft
    : buildFrom({
        ...common,
        rules: isOurs ? withOrphans(rules, violations) : rules,
        violations,
        replaceable,
        seeded: compared,
        trials,
        rowFindings,
      });
  const isBlocked = made?.findings.some(({ severity }) => severity === 'error') === true;
  const plan = withStaying(built, staying);
  const stored = made === null ? null : await storeSchema(client, schema, made);
  const promises =
    stored === null || isBlocked ? [] : findBroken({ survey, target, plan, stored, waive: settings.waive });
  const recipe = isComparison ? null : findRecipe(settings.app);
  const application = isComparison ? [] : noteApplication(survey.catalog, settings.app);
  const versions = recipe === null || isOurs ? [] : await checkVersions({ recipe, survey, client, target });
  const seeded = isComparison ? [] : noteSeeded(settings.tableRules);
  const bigints =
    made?.tag === 'translated' ? noteBigints(plan.tables, recogniseFramework(survey.catalog)?.name ?? null) : [];
  const findings = withoutTwins([
    ...application,
    ...versions,
    ...seeded,
    ...merged.findings,
    ...bigints,
    ...survey.unreadable,
    ...(made?.findings ?? []),
    ...withoutFollowing(plan.findings, made?.findings ?? []),
    ...promises,
  ]);
  const known = new Map([...compared.equal, ...merged.held]);
  const shared = isComparison ? [] : proposeShared(findings, survey.catalog, rules);
  return {
    plan: { ...plan, findings: [...findings, ...shared] },
    toEmpty: tablesWithRows(plan, target).map(({ target: name }) => name),
    ...(known.size === 0 ? {} : { seeded: byTarget(known, plan) }),
    choices: choicesOf(settings),
    ...(stored === null ? {} : { schema: stored }),
  };
}

/**
 * In a schema that we translated, rows without their parent stay, and their foreign keys NOT VALID, unless the operator
 * says otherwise: SQLite lives with them, and no value changes.
 */
function withOrphans(rules: Rules, violations: readonly ForeignKeyViolation[]): Rules {
  if (violations.length === 0 || '*' in rules.policies) return rules;
  return { ...rules, policies: { orphan: { convert: 'leave-not-valid' }, ...rules.policies } };
}

/** Columns of the source that may go into dates and timestamps: by name, whichever table they are in. */
function timesOf({ tables }: TargetCatalog, rules: Rules): WantedTimes {
  const columns = tables.flatMap((table) => table.columns).filter(isTemporal);
  const names = new Set(columns.map(({ name }) => foldCase(name)));
  return ({ name }, column) =>
    names.has(foldCase(columnRulesOf(rules, name, column).target ?? column)) ? 'open' : 'no';
}

/** Views that the translation made do not count as left out. */
function withoutViews(survey: Survey, made: readonly string[]): Survey {
  const { catalog } = survey;
  const leftOut = catalog.leftOut.filter(({ type, name }) => type !== 'view' || !made.includes(name));
  return { ...survey, catalog: { ...catalog, leftOut } };
}

/** What the plan says of a column that could not be translated, or of a table that was not made, only follows from that. */
function withoutFollowing(findings: readonly Finding[], ofSchema: readonly Finding[]): Finding[] {
  const positionOf = ({ table, column }: Finding) => JSON.stringify([table, column]);
  const errors = ofSchema.filter(({ severity }) => severity === 'error');
  const refused = new Set(errors.filter(({ column }) => column !== null).map(positionOf));
  const tables = new Set(errors.map(({ table }) => table));
  const isMissing = ({ code, table }: Finding) => code === 'plan.table_missing' && tables.has(table);
  return findings.filter((finding) => !refused.has(positionOf(finding)) && !isMissing(finding));
}

/**
 * Who looks at the same twice (the translation and the plan at foreign keys, the plan and the comparison after the load
 * at the schema) gives some findings in the same words. Each is kept once.
 */
export function withoutTwins(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

/**
 * What the run records about the schema. A schema that an earlier run translated counts as translated while its tables
 * exist.
 */
async function storeSchema(client: TargetClient, schema: string, made: MadeSchema): Promise<StoredSchema> {
  const objects = await readSchemaObjects(client, schema);
  const earlier = made.tag === 'there' ? await findStoredOrigin(client, schema) : null;
  return {
    isTranslated: made.tag === 'translated' || earlier?.isTranslated === true,
    lost: [...(earlier?.lost ?? []), ...made.lost],
    objects,
  };
}

/**
 * What the source's schema promises and the target lacks already, before a row is copied: the comparison after the load
 * would find the same.
 */
function findBroken(request: {
  readonly survey: Survey;
  readonly target: TargetCatalog;
  readonly plan: Plan;
  readonly stored: StoredSchema;
  readonly waive: readonly string[];
}): Finding[] {
  const { survey, target, plan, stored, waive } = request;
  return checkClaims({
    source: survey.catalog,
    target,
    objects: stored.objects,
    tables: plan.tables,
    lost: [...stored.lost, ...waive],
    isTranslated: stored.isTranslated,
  });
}

function buildFrom(request: {
  readonly survey: Survey;
  readonly target: TargetCatalog;
  readonly settings: Settings;
  readonly rules: Rules;
  readonly violations: readonly ForeignKeyViolation[];
  readonly isComparison: boolean;
  readonly isTranslated: boolean;
  readonly wholeTables: WholeTables | null;
  readonly replaceable: ReadonlySet<string>;
  readonly seeded?: SeededRows;
  readonly trials: readonly TableTrial[];
  readonly rowFindings: readonly Finding[];
}): Plan {
  const { survey, target, settings, rules, violations, isComparison, isTranslated, wholeTables, replaceable, trials } =
    request;
  const { catalog, census, chunks } = survey;
  return buildPlan({
    source: catalog,
    target,
    census: census as readonly TableCensus[],
    chunksOf: (table): readonly Chunk[] => chunks.get(table) ?? [],
    violations,
    trials,
    rowFindings: request.rowFindings,
    options: {
      keepConstraints: settings.keepConstraints,
      truncateTarget: settings.truncateTarget,
      isComparison,
      replaceable,
      seeded: request.seeded,
      wholeTables,
      rules,
      waive: settings.waive,
      ...choiceOf(settings),
      isTranslated,
      format: settings.format,
      isFormatForced: settings.format === 'text',
      chooseReader: (table) => {
        if (settings.reader === 'rows') return { reader: 'rows', reason: 'asked for' };
        const choice = choosePages(table, catalog);
        if (choice.tag === 'rows') return { reader: 'rows', reason: choice.reason };
        return { reader: 'pages', reason: 'its b-tree layout is known' };
      },
    },
  });
}

/** What the tables held that hold nothing but rows of the source, and those that stay, by their names on the target. */
function byTarget(known: ReadonlyMap<string, TableFingerprint>, { tables }: Plan): Record<string, TableFingerprint> {
  return Object.fromEntries(
    tables.flatMap(({ source, target }) => {
      const held = known.get(source);
      return held === undefined ? [] : [[target, held] as const];
    }),
  );
}

function tablesWithRows(plan: Plan, target: TargetCatalog) {
  return plan.tables.filter((table) => target.tables.some(({ name, hasRows }) => name === table.target && hasRows));
}

/**
 * Tables whose rows may be replaced: as the operator says, and those that hold exactly what an earlier run of ours left
 * there, by count and fingerprint.
 */
async function findReplaceable(
  client: TargetClient,
  schema: string,
  {
    draft: plan,
    target,
    settings,
  }: { readonly draft: Plan; readonly target: TargetCatalog; readonly settings: Settings },
): Promise<Set<string>> {
  const loaded = await readLoaded(client, schema);
  const sources = plan.tables.map(({ source }) => source);
  const replaceable = new Set(sources.filter((name) => isReplaced(settings.tableRules, name)));
  for (const table of loaded.size === 0 ? [] : tablesWithRows(plan, target)) {
    if (await isAsLoaded(client, table, loaded.get(table.target))) replaceable.add(table.source);
  }
  return replaceable;
}
