import type { PhaseView, RunView } from './run-progress.js';

/** How the command ended. */
export interface Ending {
  readonly exitCode: number;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** The state of a run in Prometheus's text format. */
export function metricsText(
  view: RunView,
  facts: { readonly version: string; readonly atSeconds: number; readonly ended: Ending | null },
): string {
  const { command, phases } = view;
  const { version, atSeconds, ended } = facts;
  const one = (value: number | null, labels: Readonly<Record<string, string>> = {}) =>
    value === null ? [] : [{ labels: { command, ...labels }, value }];
  const each = (read: (phase: PhaseView) => number | null) =>
    phases.flatMap((phase) => one(read(phase), { phase: phase.name }));
  const counting = (read: (progress: NonNullable<PhaseView['progress']>) => number | null) =>
    phases.flatMap(({ name, progress }) =>
      progress === null ? [] : one(read(progress), { phase: name, unit: progress.unit }),
    );
  const metrics: Metric[] = [
    { name: 'pgferry_info', help: 'The command that runs.', samples: one(1, { version }) },
    { name: 'pgferry_updated_timestamp_seconds', help: 'When this was written.', samples: one(atSeconds) },
    { name: 'pgferry_elapsed_seconds', help: 'Time since the command began.', samples: one(view.elapsedMs / 1000) },
    {
      name: 'pgferry_left_seconds',
      help: 'Guess of the time left of the whole command.',
      samples: one(perThousand(view.leftMs)),
    },
    {
      name: 'pgferry_waiting',
      help: '1 while it waits for somebody else.',
      samples: one(view.waitsFor === null ? 0 : 1),
    },
    { name: 'pgferry_running', help: '1 until the command has ended.', samples: one(ended === null ? 1 : 0) },
    { name: 'pgferry_exit_code', help: 'The exit code, once it has ended.', samples: one(ended?.exitCode ?? null) },
    {
      name: 'pgferry_phase_running',
      help: '1 while the phase runs.',
      samples: each(({ state }) => (state === 'runs' ? 1 : 0)),
    },
    {
      name: 'pgferry_phase_seconds',
      help: 'Time that the phase has taken so far.',
      samples: each(({ ms }) => ms / 1000),
    },
    {
      name: 'pgferry_phase_done',
      help: 'What the phase has done, in its unit.',
      samples: counting(({ done }) => done),
    },
    {
      name: 'pgferry_phase_total',
      help: 'What the phase has to do, in its unit.',
      samples: counting(({ total }) => total),
    },
    {
      name: 'pgferry_phase_bytes',
      help: 'COPY bytes that the phase has sent.',
      samples: counting(({ bytes }) => bytes),
    },
  ];
  return metrics.map(textOf).join('');
}

function perThousand(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function textOf({ name, help, samples }: Metric): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels, value }) => `${name}{${labelsText(labels)}} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const escaped = (value: string) => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}
