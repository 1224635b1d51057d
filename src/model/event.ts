import type { Finding } from './plan.js';

export type PhaseName =
  | 'snapshot'
  | 'check'
  | 'dump'
  | 'census'
  | 'init'
  | 'plan'
  | 'detach'
  | 'copy'
  | 'indexes'
  | 'constraints'
  | 'sequences'
  | 'analyze'
  | 'verify'
  | 'compare'
  | 'keysets'
  | 'shadow'
  | CutoverPhase;

/** The steps of a cutover and of a rollback that a person waits for. */
export type CutoverPhase =
  | 'fence'
  | 'fence-trial'
  | 'migrate'
  | 'load'
  | 'follow'
  | 'final'
  | 'prove-switch'
  | 'accept'
  | 'digest'
  | 'generate'
  | 'close'
  | 'switch'
  | 'undo'
  | 'look'
  | 'lock'
  | 'save'
  | 'carry'
  | 'prove'
  | 'restore';

export interface PhaseTime {
  readonly name: PhaseName;
  readonly ms: number;
}

/** Events that a run emits. The display, the log and the library's `onEvent` all get the same. */
export type RunEvent =
  | { readonly tag: 'note'; readonly message: string }
  | { readonly tag: 'warning'; readonly message: string }
  /** Of the plan, when a run begins; the result has them all. */
  | { readonly tag: 'finding'; readonly finding: Finding }
  | { readonly tag: 'phase-begin'; readonly name: PhaseName }
  | { readonly tag: 'phase-end'; readonly name: PhaseName; readonly ms: number }
  | { readonly tag: 'table-copied'; readonly table: string; readonly rows: number }
  | { readonly tag: 'table-verified'; readonly table: string; readonly isEqual: boolean }
  /** A session waits for somebody else, in words; it ends with the next progress or phase. */
  | { readonly tag: 'waiting'; readonly message: string }
  | { readonly tag: 'progress'; readonly progress: Progress };

/** What a phase counts. `parts`: pieces of work of about the same size; `steps`: pieces of any size. */
export type ProgressUnit = 'bytes' | 'rows' | 'parts' | 'tables' | 'reads' | 'steps';

/** How far one phase has come. */
export interface Progress {
  readonly phase: PhaseName;
  readonly unit: ProgressUnit;
  /** It goes down where a chunk is rolled back. */
  readonly done: number;
  /** null where nobody can know. */
  readonly total: number | null;
  /** COPY bytes sent so far; null in phases that send none. */
  readonly bytes: number | null;
  /** The tables in work now; empty where the phase does not go by tables. */
  readonly tables: readonly TableProgress[];
  readonly tablesDone: number;
  /** 0 where the phase does not go by tables. */
  readonly tablesTotal: number;
}

/** How far one table has come in a phase, in the phase's unit. */
export interface TableProgress {
  readonly table: string;
  readonly done: number;
  readonly total: number;
}

/** The progress of a phase that counts, but not by tables. */
export function plainProgress(phase: PhaseName, unit: ProgressUnit, done: number, total: number | null): Progress {
  return { phase, unit, done, total, bytes: null, tables: [], tablesDone: 0, tablesTotal: 0 };
}
