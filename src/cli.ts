import { runAccept } from './commands/accept.js';
import { runCensus } from './commands/census.js';
import { runCutover } from './commands/cutover.js';
import { runEmbedded } from './commands/embedded.js';
import { readConfig } from './commands/config-file.js';
import { configSchema } from './commands/config-schema.js';
import { runInit } from './commands/init.js';
import { printSchema } from './commands/print-schema.js';
import { Journal } from './commands/journal.js';
import type { CommandName } from './commands/option-table.js';
import { runPlan } from './commands/plan.js';
import { buildProgram, type Invocation, runProgram } from './commands/program.js';
import { runRelease } from './commands/release.js';
import { runRollback } from './commands/rollback.js';
import { runCopy, runMigrate } from './commands/run.js';
import { readSettings, type Settings } from './commands/settings.js';
import { runShadow } from './commands/shadow.js';
import { runQuarantine } from './commands/quarantine.js';
import { runStatus } from './commands/status.js';
import { runVerify } from './commands/verify.js';
import { toolVersion } from './pgferry.js';
import { CopierError, exitCodes, toWire } from './errors.js';
import type { Finding, RunResult, WireError } from './model.js';
import { planToMermaid } from './plan/mermaid.js';
import { censusObject, describeCensus } from './report/census-text.js';
import { describePlan } from './report/plan-text.js';
import { type CutoverResult, describeCutover } from './report/cutover-text.js';
import { describeSides } from './report/sides-text.js';
import { openDisplay } from './report/progress.js';
import { describeAcceptance, describeShadow } from './report/shadow-text.js';
import { describeQuarantine } from './report/quarantine-text.js';
import { describeStatus } from './report/status-text.js';
import { describeError, describeFindings, summarize } from './report/summary.js';
import { jsonText, sanitize } from './report/units.js';

/*
 * argv and environment → one command → exit code. Beside `start.ts`, which loads this one, the only file that
 * reads or ends the process, and that writes to stdout (the result) and stderr (the talk).
 */

interface Answer {
  readonly exitCode: number;
  readonly json: Record<string, unknown>;
  readonly text: string;
}

const stopping = new AbortController();
let exitCode: number = exitCodes.ok;
let signalReceived: 'SIGINT' | 'SIGTERM' | null = null;

async function main(argv: readonly string[]): Promise<number> {
  // The list of processes is for everyone to read, and --target may hold a password.
  process.title = `pgferry ${/^[a-z]+$/.test(argv[0] ?? '') ? argv[0] : ''}`.trim();
  surviveClosedPipes();
  reportStrayErrors(argv.includes('--json'));
  const program = buildProgram(toolVersion(), {
    run: runInvocation,
    embedded: runEmbeddedAction,
    configSchema: printConfigSchema,
  });
  const parsed = await runProgram(program, argv);
  switch (parsed.tag) {
    case 'ran':
      return exitCode;
    case 'help':
      return exitCodes.ok;
    case 'usage':
      // Commander has told it on stderr already; whoever asked for JSON reads stdout alone.
      if (argv.includes('--json')) writeFailure('pgferry', commandLineError(parsed.message), [], 0);
      return exitCodes.usage;
  }
}

function commandLineError(message: string): WireError {
  return toWire(new CopierError('usage.command_line', message, { hint: 'pgferry help <command> lists the flags' }));
}

async function runInvocation(invocation: Invocation): Promise<void> {
  const { command, word, flags, configPath, form, isJson, isQuiet } = invocation;
  await conclude(command, isJson, isQuiet, async (journal) => {
    const config = configPath === null ? {} : await readConfig(configPath);
    const settings = readSettings({ command, flags, env: process.env, config });
    return answer(command, settings, journal, { form, word });
  });
}

async function runEmbeddedAction(action: string, isJson: boolean): Promise<void> {
  await conclude('embedded', isJson, false, (journal) => runEmbedded(action, journal));
}

function printConfigSchema(): void {
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
}

async function answer(
  name: CommandName,
  settings: Settings,
  journal: Journal,
  { form, word }: Pick<Invocation, 'form' | 'word'>,
): Promise<Answer> {
  const context = { settings, journal, signal: stopping.signal, toolVersion: toolVersion() };
  switch (name) {
    case 'init': {
      const isPrinted = form === 'sql';
      const made = await (isPrinted ? printSchema(context) : runInit(context));
      return {
        exitCode: planExit(made.findings),
        json: {
          tag: made.tag,
          message: made.message,
          findings: made.findings,
          lost: made.lost,
          views: made.views,
          sql: made.sql,
        },
        text: isPrinted
          ? (made.sql ?? '')
          : `${[sanitize(made.message), describeFindings(made.findings)].filter((part) => part !== '').join('\n')}\n`,
      };
    }
    case 'census': {
      const { tables, leftOut } = await runCensus(context);
      const census = tables.map(censusObject);
      return { exitCode: exitCodes.ok, json: { census, leftOut }, text: describeCensus(tables) };
    }
    case 'plan': {
      const { plan, sides } = await runPlan(context);
      const texts = { graph: () => planToMermaid(plan), diff: () => describeSides(sides) };
      const text = form === 'graph' || form === 'diff' ? texts[form]() : describePlan(plan);
      return { exitCode: planExit(plan.findings), json: { plan, sides, findings: plan.findings }, text };
    }
    case 'copy':
      return fromResult(await runCopy(context));
    case 'migrate':
      return fromResult(await runMigrate(context));
    case 'verify':
      return fromResult(await runVerify(context));
    case 'quarantine': {
      const result = await runQuarantine(context, word ?? '');
      return { exitCode: exitCodeFor(result), json: { ...result }, text: describeQuarantine(result) };
    }
    case 'shadow': {
      const result = await runShadow(context);
      return { exitCode: exitCodeFor(result), json: { ...result }, text: describeShadow(result) };
    }
    case 'accept': {
      const result = await runAccept(context);
      return { exitCode: exitCodeFor(result), json: { ...result }, text: describeAcceptance(result) };
    }
    case 'cutover':
      return fromCutover(await runCutover(context));
    case 'rollback':
      return fromCutover(await runRollback(context));
    case 'release':
      return fromCutover(await runRelease(context));
    case 'status': {
      const status = await runStatus(context);
      return { exitCode: exitCodes.ok, json: { ...status }, text: describeStatus(status) };
    }
  }
}

function exitCodeFor({ ok }: { readonly ok: boolean }): number {
  return ok ? exitCodes.ok : exitCodes.differs;
}

/** Whether the plan refuses. */
function planExit(findings: readonly Finding[]): number {
  return findings.some(({ severity }) => severity === 'error') ? exitCodes.refused : exitCodes.ok;
}

function fromResult(result: RunResult): Answer {
  return { exitCode: exitCodeFor(result), json: { ...result }, text: summarize(result) };
}

function fromCutover(result: CutoverResult): Answer {
  return { exitCode: exitCodes.ok, json: { ...result }, text: describeCutover(result) };
}

/** Runs one command with signals, display and error handling around it, and sets the exit code. */
async function conclude(
  name: string,
  isJson: boolean,
  isQuiet: boolean,
  run: (journal: Journal) => Promise<Answer>,
): Promise<void> {
  const journal = new Journal();
  const display = openDisplay({
    stream: process.stderr,
    isTerminal: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    isQuiet,
    nowMs: () => performance.now(),
  });
  journal.listen(display.onEvent);
  // However the process ends: a terminal must get its cursor back.
  process.on('exit', display.close);
  listenForSignals(journal);
  const startedAtMs = performance.now();
  try {
    const done = await run(journal);
    display.close();
    const json = {
      ok: done.exitCode === exitCodes.ok,
      command: name,
      durationMs: Math.round(performance.now() - startedAtMs),
      tables: [],
      findings: [],
      runId: null,
      runDir: null,
      ...done.json,
    };
    process.stdout.write(isJson ? `${jsonText(json)}\n` : done.text);
    exitCode = done.exitCode;
  } catch (error) {
    display.close();
    exitCode = report(name, isJson, error, Math.round(performance.now() - startedAtMs));
  }
}

function report(name: string, isJson: boolean, error: unknown, durationMs: number): number {
  const wire = toWire(error);
  const findings = error instanceof CopierError ? error.findings : [];
  const code =
    wire.exitCode === exitCodes.interrupted && signalReceived === 'SIGTERM' ? exitCodes.terminated : wire.exitCode;
  if (isJson) writeFailure(name, wire, findings, durationMs);
  const list = findings.length === 0 ? '' : `${describeFindings(findings)}\n\n`;
  process.stderr.write(`${list}${describeError(wire)}${bugTrace(wire)}`);
  return code;
}

/** The one JSON object of a command that failed. */
function writeFailure(name: string, wire: WireError, findings: readonly Finding[], durationMs: number): void {
  const { stack, ...error } = wire;
  const json = { ok: false, command: name, runId: null, runDir: null, durationMs, tables: [], findings, error };
  process.stdout.write(`${jsonText(json)}\n`);
}

/** A bug shows its stack: nobody can report it otherwise. */
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

/** An error that nobody waits for must not end as Node ends it, with exit 1: that says that the sides differ. */
function reportStrayErrors(isJson: boolean): void {
  process.on('uncaughtException', (error) => process.exit(report('pgferry', isJson, error, 0)));
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
