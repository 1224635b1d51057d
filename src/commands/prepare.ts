import type { Chunk, Finding, Plan, TableCensus, TargetCatalog } from '../model.js';
import { buildPlan } from '../plan/build.js';
import { isSameContent } from '../pool/tally.js';
import { choosePages } from '../source/pages-layout.js';
import { readTargetCatalog } from '../target/catalog.js';
import type { TargetClient } from '../target/connect.js';
import { fingerprintTable } from '../target/fingerprint.js';
import { hasLedger } from '../target/ledger.js';
import { findLoaded } from '../target/loaded.js';
import { choiceOf, rulesOf, type Settings } from './settings.js';
import { choicesOf, type StoredPlan } from './stored-plan.js';
import type { Survey } from './survey.js';

/** Plans the copy of a surveyed snapshot into the schema as it stands now. Reads only. */
export async function preparePlan(request: {
  readonly survey: Survey;
  readonly client: TargetClient;
  readonly schema: string;
  readonly settings: Settings;
  /** Whether both sides are only to be compared. */
  readonly isComparison?: boolean;
  /** What making the schema had to say. */
  readonly findings: readonly Finding[];
}): Promise<StoredPlan> {
  const { survey, client, schema, settings, isComparison = false } = request;
  const target = await readTargetCatalog(client, schema);
  const build = (replaceable: ReadonlySet<string>) =>
    buildFrom({ survey, target, settings, isComparison, replaceable });
  const draft = build(new Set());
  const plan = isComparison ? draft : build(await findReplaceable(client, schema, draft, target));
  return {
    plan: { ...plan, findings: [...request.findings, ...plan.findings] },
    toEmpty: tablesWithRows(plan, target).map(({ target: name }) => name),
    choices: choicesOf(settings),
  };
}

function buildFrom(request: {
  readonly survey: Survey;
  readonly target: TargetCatalog;
  readonly settings: Settings;
  readonly isComparison: boolean;
  readonly replaceable: ReadonlySet<string>;
}): Plan {
  const { survey, target, settings, isComparison, replaceable } = request;
  const { catalog, census, violations, chunks } = survey;
  return buildPlan({
    source: catalog,
    target,
    census: census as readonly TableCensus[],
    chunksOf: (table): readonly Chunk[] => chunks.get(table) ?? [],
    violations,
    options: {
      keepConstraints: settings.keepConstraints,
      truncateTarget: settings.truncateTarget,
      isComparison,
      replaceable,
      rules: rulesOf(settings),
      ...choiceOf(settings),
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

function tablesWithRows(plan: Plan, target: TargetCatalog) {
  return plan.tables.filter((table) => target.tables.some(({ name, hasRows }) => name === table.target && hasRows));
}

/** Tables that hold exactly what an earlier run of ours left there, by count and fingerprint: these may be replaced. */
async function findReplaceable(
  client: TargetClient,
  schema: string,
  plan: Plan,
  target: TargetCatalog,
): Promise<Set<string>> {
  const filled = tablesWithRows(plan, target);
  if (filled.length === 0 || !(await hasLedger(client))) return new Set();
  const loaded = new Map((await findLoaded(client, schema)).map((table) => [table.table, table]));
  const replaceable = new Set<string>();
  for (const table of filled) {
    const before = loaded.get(table.target);
    if (before === undefined || before.columns.length !== table.columns.length) continue;
    if (isSameContent(before, await fingerprintTable(client, table))) replaceable.add(table.source);
  }
  return replaceable;
}
