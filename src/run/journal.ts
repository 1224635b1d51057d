import { toWire } from '../model/error.js';
import type { PhaseName, PhaseTime, Progress, RunEvent } from '../model/event.js';
import { describeFinding } from '../report/text/findings-text.js';
import { sanitize } from '../report/units.js';

/** How often a phase that counts is asked how far it has come. */
const lookEveryMs = 250;

/** Measures a run's phases, which may overlap, and passes its events to all listeners. */
export class Journal {
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #phases = new Map<PhaseName, number>();

  /** Calls the listener for each event. Gives what ends that. */
  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  note(message: string): void {
    this.emit({ tag: 'note', message });
  }

  warn(message: string): void {
    this.emit({ tag: 'warning', message });
  }

  /**
   * Runs one phase. Its wall time counts also when it fails. `look` says how far it has come; it is asked at the
   * beginning, now and then, and at the end.
   */
  async phase<T>(name: PhaseName, run: () => T | Promise<T>, look?: () => Progress): Promise<T> {
    const end = this.begin(name);
    try {
      return look === undefined ? await run() : await this.watched(run, look);
    } finally {
      end();
    }
  }

  /** Runs a part of a phase that has begun; `look` is asked as in `phase`. */
  async watched<T>(run: () => T | Promise<T>, look: () => Progress): Promise<T> {
    const report = () => this.emit({ tag: 'progress', progress: look() });
    report();
    const timer = setInterval(report, lookEveryMs);
    try {
      const result = await run();
      report();
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  /** Begins a phase that ends in the midst of something else; gives what ends it, and does nothing the second time. */
  begin(name: PhaseName): () => void {
    this.emit({ tag: 'phase-begin', name });
    const startedAtMs = performance.now();
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      const ms = Math.round(performance.now() - startedAtMs);
      this.#phases.set(name, (this.#phases.get(name) ?? 0) + ms);
      this.emit({ tag: 'phase-end', name, ms });
    };
  }

  get phases(): readonly PhaseTime[] {
    return [...this.#phases].map(([name, ms]) => ({ name, ms }));
  }
}

/** One event as a line of the run's log, or null for events that are not logged. */
export function logLine(event: RunEvent, now: Date): string | null {
  const { tag } = event;
  const text = (() => {
    switch (tag) {
      case 'progress':
      case 'waiting':
        return null;
      case 'note':
      case 'warning':
        return `${tag} ${JSON.stringify(event.message)}`;
      case 'finding':
        return `${event.finding.severity} ${JSON.stringify(describeFinding(event.finding))} [${event.finding.code}]`;
      case 'phase-begin':
        return `begin ${event.name}`;
      case 'phase-end':
        return `end ${event.name} ${event.ms} ms`;
      case 'table-copied':
        return `copied ${JSON.stringify(event.table)} ${event.rows} rows`;
      case 'table-verified':
        return `verified ${JSON.stringify(event.table)} ${event.isEqual ? 'equal' : 'DIFFERS'}`;
    }
  })();
  return text === null ? null : sanitize(`${now.toISOString()} ${text}`);
}

/** An error as one line of the log. */
export function logError(error: unknown, now: Date): string {
  const { code, message, stack } = toWire(error);
  return sanitize(`${now.toISOString()} error ${code} ${JSON.stringify(message)} ${JSON.stringify(stack)}`);
}
