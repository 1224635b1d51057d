import { readFileOptions } from './file-options.js';
import { type Answer, answer } from './answer.js';
import { asker } from './ask.js';
import { Orders } from '../run/control/orders.js';
import { Journal } from '../run/journal.js';
import { beginning } from './help.js';
import { buildProgram, type Invocation, runProgram } from './program.js';
import { relative } from 'node:path';
import { type NextCommand, nextCommand, nextText, type Said } from './next-line.js';
import { afterEmbedded, afterError } from './next-step.js';
import { assignSides, type GivenFlags } from './positional.js';
import { limitHeapGrowth } from '../platform/heap.js';
import { delayOptimizer } from '../platform/optimizer.js';
import { maskSecrets } from '../lib/mask-secrets.js';
import { ownCommand, ownLine } from '../lib/own-command.js';
import { readSettings } from './settings.js';
import { CopierError, exitCodes, toWire } from '../model/error.js';
import type { Settings } from '../model/settings.js';
import type { Finding } from '../model/plan.js';
import type { WireError } from '../model/wire.js';
import { jsonLines } from '../report/progress/json-lines.js';
import { type Display, openDisplay } from '../report/progress/progress.js';
import { RunProgress } from '../report/progress/run-progress.js';
import { describeFindings } from '../report/text/findings-text.js';
import { describeError } from '../report/text/summary.js';
import { jsonText, sanitize } from '../report/units.js';
import { toolVersion } from './version.js';

/*
 * argv and environment → one command → exit code. Apart from `start.ts`, which loads this file, it is the only one that
 * reads the process's input, ends the process, and writes to stdout (the result) and stderr (the talk).
 */

const stopping = new AbortController();
const script = process.argv[1] ?? '';
const below = relative(process.cwd(), script);
const own = ownCommand(below.startsWith('..') ? script : below, process.env);
const nothingSaid: Said = { own, flags: {}, configPath: null };
let exitCode: number = exitCodes.ok;
let signalReceived: 'SIGINT' | 'SIGTERM' | null = null;

async function main(argv: readonly string[]): Promise<number> {
  // The list of processes is for everyone to read, and --target may hold a password.
  process.title = `pgferry ${/^[a-z]+$/.test(argv[0] ?? '') ? argv[0] : ''}`.trim();
  limitHeapGrowth();
  delayOptimizer();
  surviveClosedPipes();
  if (argv.length === 0) return showBeginning();
  reportStrayErrors(argv.includes('--json'));
  const program = buildProgram(toolVersion(), {
    run: runInvocation,
    embedded: runEmbeddedAction,
    apps: printApplications,
    configSchema: printConfigSchema,
    completion: printCompletion,
  });
  const parsed = await runProgram(program, argv);
  switch (parsed.tag) {
    case 'ran':
      return exitCode;
    case 'help':
      return exitCodes.ok;
    case 'usage':
      // Commander has printed the message on stderr. With --json the caller reads stdout alone, so it goes there too.
      if (argv.includes('--json')) {
        const wire = commandLineError(parsed.message);
        const after = afterError('pgferry', wire);
        writeFailure('pgferry', wire, { step: after === null ? null : nextCommand(after, nothingSaid) });
      }
      return exitCodes.usage;
  }
}

/** Without a command nothing can be done, and who calls it so wants to know how to begin. */
function showBeginning(): number {
  process.stderr.write(beginning(own));
  return exitCodes.usage;
}

function commandLineError(message: string): WireError {
  return toWire(new CopierError('usage.command_line', message, { hint: 'pgferry help <command> lists the flags' }));
}

async function runInvocation(invocation: Invocation): Promise<void> {
  const { command, word, detail, sides, configPath, form, isWhole, isJson, isQuiet, isJsonProgress } = invocation;
  const said = { own, configPath, flags: flagsSaid(invocation) };
  await conclude(
    { name: command, action: word, isJson, isQuiet, isJsonProgress, isWhole, said },
    async (journal, run) => {
      const flags = assignSides(sides, invocation.flags);
      const config = configPath === null ? {} : await readConfigFile(configPath);
      const settings = readSettings({ command, flags, env: process.env, config });
      await watchMetrics(settings, run);
      const orders = new Orders();
      const [first = '', ...rest] = process.argv.slice(2).map(maskSecrets);
      const context = {
        settings,
        journal,
        signal: AbortSignal.any([stopping.signal, orders.stopping]),
        orders,
        toolVersion: toolVersion(),
        own,
        calledAs: ownLine(own, first, rest),
        readFileOptions,
        ask: isJson || isJsonProgress ? null : asker({ input: process.stdin, output: process.stderr }, stopping.signal),
      };
      return answer(command, context, { form, word, detail, isWhole });
    },
  );
}

/** The flags with the sides that were named without one, as far as they can be told. */
function flagsSaid({ sides, flags }: Invocation): GivenFlags {
  try {
    return assignSides(sides, flags);
  } catch {
    return flags;
  }
}

async function readConfigFile(path: string) {
  const { readConfig } = await import('./config-file.js');
  return await readConfig(path);
}

async function runEmbeddedAction(action: string, isJson: boolean): Promise<void> {
  await conclude({ name: 'embedded', isJson, isQuiet: false, said: nothingSaid }, async (journal) => {
    const { runEmbedded } = await import('../commands/embedded.js');
    const { text, ...done } = await runEmbedded(action, journal, own);
    return { ...done, text: () => text, next: afterEmbedded(action) };
  });
}

async function printCompletion(shell: string): Promise<void> {
  await conclude({ name: 'completion', isJson: false, isQuiet: true, said: nothingSaid }, async () => {
    const { completionScript } = await import('./completion.js');
    return { exitCode: exitCodes.ok, json: {}, text: () => completionScript(shell), next: null };
  });
}

async function printApplications(isJson: boolean): Promise<void> {
  await conclude({ name: 'apps', isJson, isQuiet: false, said: nothingSaid }, async () => {
    const { readRecipes, recipesText } = await import('../run/recipes.js');
    const recipes = readRecipes();
    return { exitCode: exitCodes.ok, json: { recipes }, text: () => recipesText(recipes), next: null };
  });
}

async function printConfigSchema(): Promise<void> {
  const { configSchema } = await import('./config-schema.js');
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
}

/** How a command was called, as far as the frame around it must know. */
interface Call {
  readonly name: string;
  /** The word that followed the name. */
  readonly action?: string | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isJsonProgress?: boolean;
  readonly isWhole?: boolean;
  readonly said: Said;
}

/** Runs one command with signals, display and error handling around it, and sets the exit code. */
async function conclude(call: Call, run: (journal: Journal, progress: RunProgress) => Promise<Answer>): Promise<void> {
  const { name, isJson, said } = call;
  const journal = new Journal();
  const progress = new RunProgress(name, () => performance.now());
  journal.listen((event) => progress.note(event));
  const display = displayFor(call, progress);
  journal.listen(display.onEvent);
  // However the process ends: a terminal must get its cursor back.
  process.on('exit', display.close);
  listenForSignals(journal);
  const startedAtMs = performance.now();
  try {
    const done = await run(journal, progress);
    display.close();
    const step = done.next === null ? null : nextCommand(done.next, said);
    const json = {
      ok: done.exitCode === exitCodes.ok,
      command: name,
      durationMs: Math.round(performance.now() - startedAtMs),
      tables: [],
      findings: [],
      runId: null,
      runDir: null,
      nextSteps: step === null ? [] : [step],
      ...done.json,
    };
    process.stdout.write(isJson ? `${jsonText(json)}\n` : done.text());
    // Beside what a program reads, but never within it.
    if (!isJson && step !== null) (done.isForProgram === true ? process.stderr : process.stdout).write(nextText(step));
    exitCode = done.exitCode;
  } catch (error) {
    display.close();
    exitCode = report(call, error, Math.round(performance.now() - startedAtMs));
  }
}

/** What stderr gets while a command runs. */
function displayFor({ isQuiet, isJsonProgress = false }: Call, run: RunProgress): Display {
  const nowMs = () => performance.now();
  if (isJsonProgress) {
    const write = (line: string) => void process.stderr.write(`${line}\n`);
    return { onEvent: jsonLines({ write, run, nowMs, now: () => new Date() }), close: () => {} };
  }
  const isTerminal = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  return openDisplay({ stream: process.stderr, isTerminal, isQuiet, run, nowMs });
}

/** Shows the progress to what watches this machine, until the process ends. */
async function watchMetrics({ metricsFile: path, metricsPort: port }: Settings, run: RunProgress): Promise<void> {
  if (path === null && port === null) return;
  const { openMetrics } = await import('../report/progress/metrics.js');
  const metrics = await openMetrics({ run, version: toolVersion(), path, port });
  process.on('exit', (code) => metrics.close({ exitCode: code }));
}

function report(
  { name, action = null, isJson, isWhole = false, said }: Call,
  error: unknown,
  durationMs: number,
): number {
  const wire = toWire(error);
  const after = afterError(name, wire, action);
  const step = after === null ? null : nextCommand(after, said);
  const findings = error instanceof CopierError ? error.findings : [];
  const code =
    wire.exitCode === exitCodes.interrupted && signalReceived === 'SIGTERM' ? exitCodes.terminated : wire.exitCode;
  if (isJson) writeFailure(name, wire, { findings, durationMs, step });
  const list = findings.length === 0 ? '' : `${describeFindings(findings, isWhole)}\n\n`;
  process.stderr.write(`${list}${describeError(wire)}${step === null ? '' : nextText(step)}${bugTrace(wire)}`);
  return code;
}

/** The one JSON object of a command that failed. */
function writeFailure(
  name: string,
  wire: WireError,
  {
    findings = [],
    durationMs = 0,
    step,
  }: { findings?: readonly Finding[]; durationMs?: number; step: NextCommand | null },
): void {
  const { stack, ...error } = wire;
  const nextSteps = step === null ? [] : [step];
  const empty = { runId: null, runDir: null, tables: [] };
  const json = { ok: false, command: name, ...empty, durationMs, findings, nextSteps, error };
  process.stdout.write(`${jsonText(json)}\n`);
}

/** A bug shows its stack, since its report needs it. */
function bugTrace(wire: WireError): string {
  if (wire.exitCode !== exitCodes.bug || wire.stack === null) return '';
  return wire.stack
    .split('\n')
    .map((line) => `${sanitize(line)}\n`)
    .join('');
}

/** The first signal stops at the edge of a chunk; the second ends the process at once, which is as safe, only later resumed. */
function listenForSignals(journal: Journal): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (signalReceived !== null) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
      signalReceived = signal;
      journal.warn('stopping at the edge of a chunk; once more to stop at once');
      stopping.abort();
    });
  }
}

/**
 * Node ends with exit code 1 on an unhandled error, and for us 1 means that the sides differ. So such errors get their
 * own exit code.
 */
function reportStrayErrors(isJson: boolean): void {
  const call = { name: 'pgferry', isJson, isQuiet: false, said: nothingSaid };
  process.on('uncaughtException', (error) => process.exit(report(call, error, 0)));
}

/** `pgferry … | head -1` must not crash a run half-way: a closed pipe is no reason to stop. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

process.exitCode = await main(process.argv.slice(2));
