import type { PlannedSwitch } from './application/rules.js';
import type { CarriedTable } from './carry.js';
import type { PhaseTime } from './event.js';
import type { Settings } from './settings.js';
import type { HashedFile } from './source.js';

/** Which database the application uses. */
export type Provider = 'sqlite' | 'postgres';

/**
 * preparing: nothing has changed for the application yet; closing: the SQLite file is, or is about to be, closed to
 * writers; proving: the application is on PostgreSQL after a live cutover, whose last proof is still to be made; switched:
 * the application is on PostgreSQL; undone: a failed cutover took everything back; rolling_back,
 * rolled_back: the way back; released: the closed SQLite file was opened again without a rollback.
 */
export type CutoverState =
  | 'preparing'
  | 'closing'
  | 'proving'
  | 'switched'
  | 'undone'
  | 'rolling_back'
  | 'rolled_back'
  | 'released';

/** One part of a text that was replaced: `before` was at `at` (in bytes of the old text), and `after` is there now. */
export interface TextEdit {
  readonly at: number;
  readonly before: string;
  readonly after: string;
}

/** What was done to the env file: enough to know it again, and to undo it byte for byte. Holds no other line of it. */
export interface EnvSwitch {
  readonly path: string;
  /** SHA-256 of the whole file, lower-case hex. */
  readonly sha256Before: string;
  readonly sha256After: string;
  readonly edits: readonly TextEdit[];
}

/**
 * The content of a table of the target when the application was switched, whatever its types: its rows and a sum of row
 * hashes; see `digestTables`.
 */
export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  readonly sum: string;
  /** The same ones, the same rows; left out where there are none, and by cutovers of before. */
  readonly versions?: string;
}

/** What closes a table of the target, as it was when its rows were accepted; see `readMark`. */
export interface TableMark {
  readonly table: string;
  readonly mark: string;
}

/** A table of the target whose changed keys are noted since the switch. */
export interface NotedTable {
  readonly table: string;
  /** OIDs of the table and its partitions, each with a journal of its own. */
  readonly relations: readonly number[];
  /** Columns of the key that is noted; none where it is only noted that the table was written. */
  readonly key: readonly string[];
  /** As long as it is the same, every change of a row was noted; see `readNoteMarks`. */
  readonly mark: string;
}

/** Everything that going on with a cutover, or the way back from it, must know. Paths are absolute; no secret. */
export interface CutoverFacts {
  readonly runId: string;
  readonly snapshotPath: string;
  /** `pendingSha256` from the switch of a live cutover until its last proof. */
  readonly snapshotSha256: string;
  /** Where rows were matched by natural keys: the snapshot that was loaded, with the target's keys, and these keys. */
  readonly mapped?: { readonly snapshot: HashedFile; readonly keys: HashedFile };
  /** journal_mode of the live database, which a restored one gets again. */
  readonly journalMode: string;
  /** schema_version of the live database once it is closed. Another number means that it was changed since. */
  readonly schemaVersion: number;
  /** null: the env file is the operator's to switch. */
  readonly env: EnvSwitch | null;
  /** The operator's own switches, in their order; `env` is null then. */
  readonly switches?: readonly PlannedSwitch[];
  /** Whether hooks and health checks after the switch are still to be done. */
  readonly after?: 'pending' | 'done';
  /** What the move was configured with, without secrets: its later commands go by it. */
  readonly moved?: Partial<Settings>;
  /** null: the Prisma client is the operator's to generate. */
  readonly prismaSchemas: { readonly sqlite: string; readonly postgres: string } | null;
  /** Of every table of the target schema, by name; none from the switch of a live cutover until its last proof. */
  readonly digests: readonly TableDigest[];
  readonly fencedAt: string;
  /**
   * Of a live cutover: the marks of the target's closed tables at the switch, whether every table has one, and the small
   * tables that no run fills.
   */
  readonly live?: {
    readonly marks: readonly TableMark[];
    readonly isWhole: boolean;
    readonly others?: readonly TableDigest[];
  };
  /** Where a reverse journal was asked for: the tables that have one. */
  readonly journal?: readonly NotedTable[];
  /** When the operator called the move final, ISO 8601; the journal is gone since. */
  readonly settledAt?: string;
  /** Where several files of one application went over together: all of them, this one too, the first leads. */
  readonly group?: readonly GroupMember[];
}

/** One file of those that go over together, as a cutover of its own in the ledger. */
export interface GroupMember {
  readonly cutoverId: string;
  readonly schema: string;
  readonly sourcePath: string;
}

/** A cutover as the ledger knows it. */
export interface Cutover {
  readonly cutoverId: string;
  readonly schema: string;
  readonly state: CutoverState;
  /** Counts the times that it was begun. */
  readonly attempt: number;
  readonly folder: string;
  readonly sourcePath: string;
  /** null where the env file is left alone. */
  readonly envPath: string | null;
  /** null until the copy was accepted. */
  readonly facts: CutoverFacts | null;
  readonly host: string;
  readonly pid: number;
  readonly toolVersion: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly updatedAt: string;
}

/** One step of a cutover or a rollback, as the ledger noted it. */
export interface CutoverStep {
  readonly step: string;
  readonly attempt: number;
  readonly state: 'begun' | 'done' | 'failed';
  readonly begunAt: string;
  readonly endedAt: string | null;
}

/** The result of a cutover, a rollback, a release, or of calling the move final. */
export interface CutoverResult {
  readonly command: 'cutover' | 'rollback' | 'release' | 'settle-cutover';
  readonly cutoverId: string | null;
  readonly state: CutoverState | 'rehearsed' | null;
  /** The migration's run in the ledger. */
  readonly runId: string | null;
  readonly runDir: string | null;
  readonly source: string;
  readonly target: string | null;
  /** How long writers waited, or would have to wait; null where none had to. */
  readonly downtimeMs: number | null;
  /** The file to source before a rollback. */
  readonly rollbackEnvPath: string | null;
  /** The replaced SQLite file, after a rollback. */
  readonly replacedPath: string | null;
  /** Where rows that PostgreSQL took since the switch were saved, table by table. */
  readonly savedWrites: readonly { readonly table: string; readonly path: string; readonly rows: number }[];
  /** What PostgreSQL took since the switch and SQLite has now, table by table; of a rehearsal, what it would have. */
  readonly carried: readonly CarriedTable[];
  /** Where several files went together: what became of each; the fields above are of the first. */
  readonly group: readonly GroupMemberResult[];
  readonly phases: readonly PhaseTime[];
}

/** What became of one file of those that went over, or back, together. */
export type GroupMemberResult = Pick<
  CutoverResult,
  'cutoverId' | 'runId' | 'runDir' | 'source' | 'replacedPath' | 'savedWrites' | 'carried'
> & { readonly schema: string };
