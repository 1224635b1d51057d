import { plainProgress, type PhaseName, type Progress } from '../../model/event.js';

/** Counts the steps of a phase: those that are expected, and those that are done. */
export class StepCount {
  #expected = 0;
  #done = 0;

  /** These steps will come, too. */
  expect(steps: readonly unknown[]): void {
    this.#expected += steps.length;
  }

  noteDone(_step: unknown): void {
    this.#done += 1;
  }

  progress(phase: PhaseName): Progress {
    return plainProgress(phase, 'steps', Math.min(this.#done, this.#expected), this.#expected);
  }
}
