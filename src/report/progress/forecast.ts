import type { PhaseName } from '../../model/event.js';

/*
 * How long a whole command takes, guessed from how long its first phases took. Each phase has a share of the work, as
 * it was measured on a database of some gigabytes; how fast this machine and this database are shows in the phases that
 * have begun. A guess, which gets better as the run goes on.
 */

/** A phase and its share of the work of the command; phases in one list run beside each other. */
type Stage = Readonly<Partial<Record<PhaseName, number>>>;

const load: readonly Stage[] = [
  { snapshot: 4 },
  { check: 12, dump: 2, census: 14 },
  { init: 0.5 },
  { plan: 1 },
  { detach: 0.2 },
  { copy: 40 },
  { verify: 6 },
  { indexes: 16 },
  { constraints: 4 },
  { sequences: 0.2 },
  { analyze: 2 },
  { compare: 0.5 },
];
const own: readonly Stage[] = [{ snapshot: 4 }, { check: 12 }];
const acceptance: readonly Stage[] = [...own, { census: 14 }, { compare: 120 }, { keysets: 40 }, { shadow: 10 }];

/** A cutover makes the load and the acceptance; what they share is counted once. */
const cutover: readonly Stage[] = [
  { fence: 0.1 },
  ...load.slice(0, -1),
  ...acceptance.slice(-3),
  { digest: 10 },
  { generate: 2 },
  { close: 0.1 },
  { switch: 0.1 },
];

const stagesOf: Readonly<Partial<Record<string, readonly Stage[]>>> = {
  census: [...own, { census: 40 }],
  plan: [...own, { census: 14 }, { plan: 1 }],
  init: [...own, { census: 14 }, { init: 1 }],
  migrate: load,
  copy: load.map((stage) => Object.fromEntries(Object.entries(stage).filter(([name]) => !/^(init|dump)$/.test(name)))),
  verify: [...own, { census: 14 }, { compare: 120 }],
  shadow: [...own, { census: 14 }, { shadow: 10 }],
  accept: acceptance,
  cutover,
  rollback: [{ look: 10 }, { lock: 10 }, { save: 2 }, { carry: 20 }, { prove: 40 }, { restore: 8 }, { switch: 0.1 }],
};

/** The phases of a command in their order, as far as they are known before it begins. */
export function expectedPhases(command: string): readonly PhaseName[] {
  return (stagesOf[command] ?? []).flatMap((stage) => Object.keys(stage).filter(isPhase));
}

/** Which stage of a command a phase belongs to; -1 where it is not expected. */
export function stageOf(command: string, name: PhaseName): number {
  return (stagesOf[command] ?? []).findIndex((stage) => stage[name] !== undefined);
}

function isPhase(name: string): name is PhaseName {
  return name !== '';
}

export interface PhaseSoFar {
  readonly name: PhaseName;
  readonly state: 'waits' | 'runs' | 'done' | 'left out';
  /** Time since it began, or that it took. */
  readonly ms: number;
  /** What it still takes by its own pace; null where that is unknown. */
  readonly leftMs: number | null;
}

/** The share of the work that must have been seen before a guess is worth something. */
const sharesSeenMin = 3;

/** What is left of the whole command; null where too little is known. */
export function timeLeft(command: string, phases: readonly PhaseSoFar[]): number | null {
  const stages = stagesOf[command];
  if (stages === undefined) return null;
  const byName = new Map(phases.map((phase) => [phase.name, phase]));
  const parts = stages.flatMap((stage, at) =>
    Object.entries(stage).map(([name, share]) => ({ at, share, phase: byName.get(name as PhaseName) })),
  );
  // A running phase without a pace of its own tells nothing.
  const seen = parts.flatMap(({ share, phase }) => {
    if (phase?.state === 'done') return [{ share, ms: phase.ms }];
    return phase?.state === 'runs' && phase.leftMs !== null ? [{ share, ms: phase.ms + phase.leftMs }] : [];
  });
  const shares = seen.reduce((sum, { share }) => sum + share, 0);
  if (shares < sharesSeenMin) return null;
  const msPerShare = seen.reduce((sum, { ms }) => sum + ms, 0) / shares;
  const left = stages.map((_, at) =>
    Math.max(0, ...parts.filter((part) => part.at === at).map((part) => leftOf(part, msPerShare))),
  );
  return left.reduce((sum, ms) => sum + ms, 0);
}

function leftOf(
  { share, phase }: { readonly share: number; readonly phase: PhaseSoFar | undefined },
  msPerShare: number,
): number {
  if (phase === undefined || phase.state === 'waits') return share * msPerShare;
  if (phase.state !== 'runs') return 0;
  return phase.leftMs ?? Math.max(0, share * msPerShare - phase.ms);
}
