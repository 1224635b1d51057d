import type { PhaseName, Progress, RunEvent } from '../../model/event.js';
import { expectedPhases, type PhaseSoFar, stageOf, timeLeft } from './forecast.js';
import { Pace, type PaceNow } from './pace.js';

/*
 * What is known of a command while it runs, made from its events alone. The screen, the JSON lines and the metrics all
 * show this.
 */

export interface PhaseView extends PhaseSoFar {
  /** null in a phase that does not count. */
  readonly progress: Progress | null;
  readonly perSecond: number | null;
}

export interface RunView {
  readonly command: string;
  readonly elapsedMs: number;
  /** Those that are expected or have begun, in their order. */
  readonly phases: readonly PhaseView[];
  /** The running ones; the one that began last comes first. */
  readonly running: readonly PhaseView[];
  /** What is left of the whole command; null where nobody can guess. */
  readonly leftMs: number | null;
  /** For whom or what it waits, in words; null where it works. */
  readonly waitsFor: string | null;
}

interface Phase {
  readonly name: PhaseName;
  state: PhaseSoFar['state'];
  beganAtMs: number;
  ms: number;
  progress: Progress | null;
  pace: Pace;
  now: PaceNow;
}

const unknownPace: PaceNow = { perSecond: null, leftMs: null, isStalled: false };

/** Takes the events of one command in and says at any time how far it is. */
export class RunProgress {
  readonly #command: string;
  readonly #nowMs: () => number;
  readonly #beganAtMs: number;
  readonly #phases: Phase[];
  #waitsFor: string | null = null;

  constructor(command: string, nowMs: () => number) {
    this.#command = command;
    this.#nowMs = nowMs;
    this.#beganAtMs = nowMs();
    this.#phases = expectedPhases(command).map((name) => newPhase(name));
  }

  note(event: RunEvent): void {
    switch (event.tag) {
      case 'phase-begin':
        this.#begin(event.name);
        return;
      case 'phase-end': {
        const phase = this.#find(event.name);
        if (phase === undefined) return;
        phase.state = 'done';
        phase.ms += this.#nowMs() - phase.beganAtMs;
        this.#waitsFor = null;
        return;
      }
      case 'waiting':
        this.#waitsFor = event.message;
        return;
      case 'progress':
        this.#move(event.progress);
        return;
      default:
        return;
    }
  }

  view(): RunView {
    const nowMs = this.#nowMs();
    const phases = this.#phases.map((phase): PhaseView => {
      const { name, state, progress, now } = phase;
      const ms = state === 'runs' ? phase.ms + nowMs - phase.beganAtMs : phase.ms;
      return { name, state, ms, progress, perSecond: now.perSecond, leftMs: state === 'runs' ? now.leftMs : null };
    });
    const byBegin = this.#phases.filter(({ state }) => state === 'runs').sort((a, b) => b.beganAtMs - a.beganAtMs);
    return {
      command: this.#command,
      elapsedMs: nowMs - this.#beganAtMs,
      phases,
      running: byBegin.flatMap(({ name }) => phases.filter((phase) => phase.name === name)),
      leftMs: timeLeft(this.#command, phases),
      waitsFor: this.#waitsFor ?? stallOf(byBegin),
    };
  }

  #begin(name: PhaseName): void {
    const stage = stageOf(this.#command, name);
    // A run that goes on where an earlier one stopped begins in the middle.
    for (const phase of this.#phases)
      if (phase.state === 'waits' && stageOf(this.#command, phase.name) < stage) phase.state = 'left out';
    let phase = this.#find(name);
    if (phase === undefined) {
      phase = newPhase(name);
      this.#phases.push(phase);
    }
    Object.assign(phase, {
      state: 'runs',
      beganAtMs: this.#nowMs(),
      progress: null,
      pace: new Pace(),
      now: unknownPace,
    });
  }

  #move(progress: Progress): void {
    const phase = this.#find(progress.phase);
    if (phase === undefined) return;
    if (progress.done > (phase.progress?.done ?? 0)) this.#waitsFor = null;
    phase.progress = progress;
    phase.now = phase.pace.note(progress, this.#nowMs());
  }

  #find(name: PhaseName): Phase | undefined {
    return this.#phases.find((phase) => phase.name === name);
  }
}

function newPhase(name: PhaseName): Phase {
  return { name, state: 'waits', beganAtMs: 0, ms: 0, progress: null, pace: new Pace(), now: unknownPace };
}

function stallOf(running: readonly Phase[]): string | null {
  // A step may take as long as it needs; rows and bytes come all the time.
  const flows = (progress: Progress | null) => progress?.unit === 'rows' || progress?.unit === 'bytes';
  const stalled = running.find(({ now, progress }) => now.isStalled && flows(progress));
  if (stalled === undefined) return null;
  const tables = stalled.progress?.tables.map(({ table }) => table) ?? [];
  const named = tables.length === 0 ? '' : `: ${tables.slice(0, 3).join(', ')}${tables.length > 3 ? ' …' : ''}`;
  return `nothing moved for 30 s${named}`;
}
