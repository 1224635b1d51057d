import { plainProgress, type PhaseName, type Progress, type ProgressUnit } from '../../model/event.js';

/** Counts the steps of a phase: those that are expected, and those that are done. */
export class StepCount {
  readonly #unit: ProgressUnit;
  #expected = 0;
  #done = 0;

  constructor(unit: ProgressUnit = 'steps') {
    this.#unit = unit;
  }

  /** These steps will come, too. */
  expect(steps: readonly unknown[]): void {
    this.#expected += steps.length;
  }

  noteDone(_step: unknown): void {
    this.#done += 1;
  }

  progress(phase: PhaseName): Progress {
    return plainProgress(phase, this.#unit, Math.min(this.#done, this.#expected), this.#expected);
  }
}
