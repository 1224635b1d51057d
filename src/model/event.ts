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
  | { readonly tag: 'progress'; readonly progress: Progress };

export interface Progress {
  readonly rows: number;
  readonly rowsTotal: number;
  /** COPY bytes sent so far. */
  readonly bytes: number;
  /** Tables with a chunk in COPY now. */
  readonly tablesInWork: readonly string[];
  readonly tablesDone: number;
  readonly tablesTotal: number;
}
