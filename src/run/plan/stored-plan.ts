import type { TargetClient } from '../../target/connection/client.js';
import { readPlan } from '../../target/ledger/run.js';
import { CopierError } from '../../model/error.js';
import type { TableCensus } from '../../model/census.js';
import type { TableFingerprint } from '../../model/copy.js';
import type { Plan } from '../../model/plan.js';
import type { SchemaObject } from '../../model/schema.js';
import { stableJson } from '../../plan/plan-hash.js';
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
  /**
   * The snapshot as it was taken, of which every page was found sound before the run began. Left out where SQLite could not
   * judge every table; a ledger of an older pgferry has none.
   */
  readonly checked?: CheckedSnapshot;
  /** The target's schema before the load, to compare later ones with. A ledger of an older pgferry has none. */
  readonly schema?: StoredSchema;
}

export interface CheckedSnapshot {
  /** Lower-case hex. */
  readonly sha256: string;
  /** The version of SQLite that checked its pages. */
  readonly sqlite: string;
  /** What was counted in its pages; left out where tables were counted by SQL alone, or keys were mapped. */
  readonly census?: readonly TableCensus[];
}

export interface StoredSchema {
  /** Whether pgferry translated the schema from the source's. */
  readonly isTranslated: boolean;
  /** What the translation lost and the operator waived, in the names that `--waive` takes. */
  readonly lost: readonly string[];
  readonly objects: readonly SchemaObject[];
}

/** The plan of a run as the ledger holds it. */
export async function readStoredPlan(client: TargetClient, runId: string): Promise<StoredPlan> {
  return JSON.parse(await readPlan(client, runId)) as StoredPlan;
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
