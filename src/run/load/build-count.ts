import type { PhaseName, Progress } from '../../model/event.js';
import type { TablePlan } from '../../model/plan.js';
import type { RestoreStep } from '../../target/constraints/constraints.js';
import type { BuildAtWork } from '../../target/constraints/build-progress.js';

/** An index of a table of this size counts as one part; one of less counts as one, too. */
const partBytes = 1024 * 1024;

type Step = Pick<RestoreStep, 'table'>;

interface TableParts {
  /** Of one index: all of a table's indexes read the same rows. */
  readonly parts: number;
  expected: number;
  done: number;
  /** The builds at work, each by the share of it that is done. */
  atWork: number[];
}

/**
 * Counts index builds by the size of their tables, so that the bar moves with the work: the builds that are done, and the
 * shares of those at work, as the server was last seen to tell them.
 */
export class BuildCount {
  readonly #bytesOf: ReadonlyMap<string, number>;
  readonly #tables = new Map<string, TableParts>();

  /** Sizes as planned: a build is expected while the server's table may still be empty. */
  constructor(tables: readonly Pick<TablePlan, 'target' | 'estimatedBytes'>[]) {
    this.#bytesOf = new Map(tables.map(({ target, estimatedBytes }) => [target, estimatedBytes]));
  }

  /** These builds will come, too. */
  expect(steps: readonly Step[]): void {
    for (const { table } of steps) {
      const known = this.#tables.get(table);
      if (known !== undefined) known.expected += 1;
      else {
        const parts = Math.max(1, Math.round((this.#bytesOf.get(table) ?? 0) / partBytes));
        this.#tables.set(table, { parts, expected: 1, done: 0, atWork: [] });
      }
    }
  }

  noteDone({ table }: Step): void {
    const one = this.#tables.get(table);
    if (one === undefined) return;
    one.done += 1;
    // The one that was furthest is most likely the one that has ended.
    one.atWork.sort((a, b) => a - b).pop();
  }

  /** What the server says of the builds at work now. */
  see(builds: readonly BuildAtWork[]): void {
    for (const [table, one] of this.#tables)
      one.atWork = builds.filter((build) => build.table === table).map(({ share }) => share);
  }

  progress(phase: PhaseName): Progress {
    const all = [...this.#tables].map(([table, { parts, expected, done, atWork }]) => {
      const shares = done + atWork.reduce((sum, share) => sum + share, 0);
      const isAtWork = atWork.length > 0;
      return {
        table,
        isAtWork,
        done: Math.min(expected, shares) * parts,
        total: expected * parts,
        isDone: done >= expected,
      };
    });
    const sum = (count: (one: (typeof all)[number]) => number) =>
      Math.floor(all.reduce((up, one) => up + count(one), 0));
    return {
      phase,
      unit: 'parts',
      done: sum(({ done }) => done),
      total: sum(({ total }) => total),
      bytes: null,
      tables: all
        .filter(({ isAtWork }) => isAtWork)
        .map(({ table, done, total }) => ({ table, done: Math.floor(done), total })),
      tablesDone: all.filter(({ isDone }) => isDone).length,
      tablesTotal: all.length,
    };
  }
}
