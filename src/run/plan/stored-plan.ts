import type { TargetClient } from '../../target/connection/client.js';
import { type NewRun, readPlanParts } from '../../target/ledger/run.js';
import { CopierError, must } from '../../model/error.js';
import type { TableFingerprint } from '../../model/copy.js';
import type { Plan } from '../../model/plan.js';
import type { SchemaObject } from '../../model/schema.js';
import { stableJson } from '../../plan/plan-hash.js';
import { waiversOf } from '../../plan/rules/left-open.js';
import type { Settings } from '../../model/settings.js';

/** What a run stores in the ledger, so that it can be resumed on any machine that has the snapshot. */
export interface StoredPlan {
  readonly plan: Plan;
  /** Target tables that held rows which may be replaced. */
  readonly toEmpty: readonly string[];
  /** By target table, of those that held nothing but rows of the source: what that was. Such rows may be replaced. */
  readonly seeded?: Readonly<Record<string, TableFingerprint>>;
  /** The settings that shape the plan. A run cannot be resumed with others. */
  readonly choices: Choices;
  /** What the move was configured with, for its later commands. A ledger of an older pgferry has none. */
  readonly moved?: Partial<Settings>;
  /** The target's schema before the load, to compare later ones with. A ledger of an older pgferry has none. */
  readonly schema?: StoredSchema;
}

/**
 * A snapshot as it was taken, of which every page was found sound by the end of the copy. None is recorded where SQLite could
 * not judge every table.
 */
export interface CheckedSnapshot {
  /** Lower-case hex. */
  readonly sha256: string;
  /** The version of SQLite that checked its pages. */
  readonly sqlite: string;
  /** What was counted in its pages, as JSON of `TableCensus[]`; null where tables were counted by SQL alone, or keys were mapped. */
  readonly census: string | null;
}

export interface StoredSchema {
  /** Whether pgferry translated the schema from the source's. */
  readonly isTranslated: boolean;
  /** What the translation lost and the operator waived, in the names that `--waive` takes. */
  readonly lost: readonly string[];
  readonly objects: readonly SchemaObject[];
}

/** The parts of a stored plan by the texts of the ledger that hold them. */
interface StoredTexts {
  readonly plan: Pick<StoredPlan, 'plan' | 'toEmpty' | 'seeded'>;
  readonly settings: StoredSettings;
  readonly objects: StoredSchema['objects'];
}

/** What a run was told, and what later commands want to know of its plan and its schema without reading these. */
export interface StoredSettings extends Pick<StoredPlan, 'choices' | 'moved'> {
  readonly schema?: Omit<StoredSchema, 'objects'>;
  /** Foreign keys that the plan leaves unproved, as `--waive` names them. */
  readonly leftOpen: readonly string[];
  /** Target tables that keep rows of their own. */
  readonly staying: readonly string[];
}

/** The texts in which the ledger holds a plan. */
export function textsOf(
  { plan, toEmpty, seeded, choices, moved, schema }: StoredPlan,
  checked: CheckedSnapshot | null,
): Pick<NewRun, 'plan' | 'parts'> {
  const settings: StoredSettings = {
    choices,
    ...(moved === undefined ? {} : { moved }),
    ...(schema === undefined ? {} : { schema: { isTranslated: schema.isTranslated, lost: schema.lost } }),
    leftOpen: waiversOf(plan),
    staying: plan.tables.filter(({ staying }) => staying !== undefined).map(({ target }) => target),
  };
  const { census = null, ...found } = checked ?? {};
  return {
    plan: JSON.stringify({ plan, toEmpty, ...(seeded === undefined ? {} : { seeded }) } satisfies StoredTexts['plan']),
    parts: {
      settings: JSON.stringify(settings),
      ...(schema === undefined ? {} : { objects: JSON.stringify(schema.objects) }),
      ...(checked === null ? {} : { checked: JSON.stringify(found) }),
      ...(census === null ? {} : { census }),
    },
  };
}

/** The plan of a run as the ledger holds it, with all that belongs to it. */
export async function readStoredPlan(client: TargetClient, runId: string): Promise<StoredPlan> {
  const texts = await readPlanParts(client, runId, ['plan', 'settings', 'objects']);
  const stored = parse<StoredTexts['plan']>(texts.plan);
  const { choices, moved, schema } = parse<StoredSettings>(texts.settings);
  return {
    ...stored,
    choices,
    ...(moved === undefined ? {} : { moved }),
    ...(schema === undefined ? {} : { schema: { ...schema, objects: parse(texts.objects) } }),
  };
}

/** The plan alone. */
export async function readPlan(client: TargetClient, runId: string): Promise<Plan> {
  return parse<StoredTexts['plan']>((await readPlanParts(client, runId, ['plan'])).plan).plan;
}

export async function readStoredSettings(client: TargetClient, runId: string): Promise<StoredSettings> {
  return parse((await readPlanParts(client, runId, ['settings'])).settings);
}

/** The schema before the load; null where the run recorded none. */
export async function readStoredSchema(client: TargetClient, runId: string): Promise<StoredSchema | null> {
  const texts = await readPlanParts(client, runId, ['settings', 'objects']);
  const { schema } = parse<StoredSettings>(texts.settings);
  return schema === undefined ? null : { ...schema, objects: parse(texts.objects) };
}

/** Which snapshot of the run was found sound; null where none was. */
export async function readChecked(client: TargetClient, runId: string): Promise<CheckedSnapshot | null> {
  const { checked, census } = await readPlanParts(client, runId, ['checked', 'census']);
  return checked === null ? null : { ...parse<Omit<CheckedSnapshot, 'census'>>(checked), census };
}

function parse<T>(text: string | null): T {
  return JSON.parse(must(text, 'part of a stored plan')) as T;
}

/** The settings that shape a plan, each with its flag; null where only the config file or the library can set it. */
const shapingFlags = {
  reader: 'reader',
  format: 'format',
  chunkBytes: 'chunk-bytes',
  keepConstraints: 'keep-constraints',
  tables: 'tables',
  exclude: 'exclude',
  nullSentinel: 'null-sentinel',
  allowSentinel: 'allow-sentinel',
  zone: 'zone',
  targetZone: 'target-zone',
  policies: null,
  tableRules: null,
  columns: null,
  declared: null,
} as const satisfies Partial<Record<keyof Settings, string | null>>;

const shaping = Object.keys(shapingFlags) as readonly (keyof typeof shapingFlags)[];

export type Choices = Pick<Settings, keyof typeof shapingFlags>;

/** The settings of this call that shape a plan. */
export function choicesOf(settings: Settings): Choices {
  return Object.fromEntries(shaping.map((name) => [name, settings[name]])) as Choices;
}

/**
 * Refuses to resume a run under other settings than those it began with (`plan.changed`), and names each that differs.
 */
export function checkChoices(runId: string, stored: Choices, now: Choices): void {
  const changed = shaping.filter((name) => stableJson(stored[name] ?? {}) !== stableJson(now[name] ?? {}));
  if (changed.length === 0) return;
  const list = changed.map((name) => describeChange(name, stored, now));
  throw new CopierError('plan.changed', `run ${runId} began with other settings: ${list.join('; ')}`, {
    hint: 'run again with the first settings to go on, or with --fresh to begin anew',
  });
}

function describeChange(name: keyof Choices, stored: Choices, now: Choices): string {
  const flag = shapingFlags[name];
  if (flag === null) return `${name} of the config file were others`;
  return `--${flag} was ${describe(stored[name])}, is now ${describe(now[name])}`;
}

function describe(value: Choices[keyof Choices]): string {
  if (value === null) return 'not given';
  if (Array.isArray(value)) return value.length === 0 ? 'not given' : value.join(',');
  return String(value);
}
