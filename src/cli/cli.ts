import { type Answer, answer } from './answer.js';
import { Journal } from '../run/journal.js';
import { beginning } from './help.js';
import { buildProgram, type Invocation, runProgram } from './program.js';
import { assignSides } from './positional.js';
import { readSettings } from './settings.js';
import { CopierError, exitCodes, toWire } from '../model/error.js';
import type { Finding } from '../model/plan.js';
import type { WireError } from '../model/wire.js';
import { openDisplay } from '../report/progress/progress.js';
import { describeError, describeFindings } from '../report/text/summary.js';
import { jsonText, sanitize } from '../report/units.js';
import { toolVersion } from './version.js';

/*
 * argv and environment → one command → exit code. Apart from `start.ts`, which loads this file, it is the only one that
 * reads the process's input, ends the process, and writes to stdout (the result) and stderr (the talk).
 */

const stopping = new AbortController();
let exitCode: number = exitCodes.ok;
let signalReceived: 'SIGINT' | 'SIGTERM' | null = null;

async function main(argv: readonly string[]): Promise<number> {
  // The list of processes is for everyone to read, and --target may hold a password.
  process.title = `pgferry ${/^[a-z]+$/.test(argv[0] ?? '') ? argv[0] : ''}`.trim();
  surviveClosedPipes();
  if (argv.length === 0) return showBeginning();
  reportStrayErrors(argv.includes('--json'));
  const program = buildProgram(toolVersion(), {
    run: runInvocation,
    embedded: runEmbeddedAction,
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
      if (argv.includes('--json')) writeFailure('pgferry', commandLineError(parsed.message), [], 0);
      return exitCodes.usage;
  }
}

/** Without a command nothing can be done, and who calls it so wants to know how to begin. */
function showBeginning(): number {
  process.stderr.write(beginning);
  return exitCodes.usage;
}

function commandLineError(message: string): WireError {
  return toWire(new CopierError('usage.command_line', message, { hint: 'pgferry help <command> lists the flags' }));
}

async function runInvocation(invocation: Invocation): Promise<void> {
  const { command, word, sides, configPath, form, isJson, isQuiet } = invocation;
  await conclude(command, isJson, isQuiet, async (journal) => {
    const flags = assignSides(sides, invocation.flags);
    const config = configPath === null ? {} : await readConfigFile(configPath);
    const settings = readSettings({ command, flags, env: process.env, config });
    const context = { settings, journal, signal: stopping.signal, toolVersion: toolVersion() };
    return answer(command, context, { form, word });
  });
}

async function readConfigFile(path: string) {
  const { readConfig } = await import('./config-file.js');
  return await readConfig(path);
}

async function runEmbeddedAction(action: string, isJson: boolean): Promise<void> {
  await conclude('embedded', isJson, false, async (journal) => {
    const { runEmbedded } = await import('../commands/embedded.js');
    return await runEmbedded(action, journal);
  });
}

async function printCompletion(shell: string): Promise<void> {
  await conclude('completion', false, true, async () => {
    const { completionScript } = await import('./completion.js');
    return { exitCode: exitCodes.ok, json: {}, text: completionScript(shell) };
  });
}

async function printConfigSchema(): Promise<void> {
  const { configSchema } = await import('./config-schema.js');
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
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
