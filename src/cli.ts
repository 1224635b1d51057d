#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';

import { runEmbedded } from './commands/embedded.js';
import { runInit } from './commands/init.js';
import { Journal } from './commands/journal.js';
import { runPlan } from './commands/plan.js';
import { runCopy, runMigrate } from './commands/run.js';
import { type CommandName, optionTable, readConfig, readSettings, type Settings } from './commands/settings.js';
import { runStatus } from './commands/status.js';
import { runVerify } from './commands/verify.js';
import { toolVersion } from './pgferry.js';
import { CopierError, exitCodes, toWire } from './errors.js';
import type { RunResult, WireError } from './model.js';
import { planToMermaid } from './plan/mermaid.js';
import { describePlan } from './report/plan-text.js';
import { openDisplay } from './report/progress.js';
import { describeStatus } from './report/status-text.js';
import { describeError, describeFindings, summarize } from './report/summary.js';

/*
 * argv and environment → one command → exit code. The only file that reads or ends the process, and the only one
 * that writes to stdout (the result) and stderr (the talk).
 */

interface CommandRow {
  readonly name: CommandName;
  readonly summary: string;
  readonly examples: readonly string[];
}

const commandRows: readonly CommandRow[] = [
  {
    name: 'init',
    summary: 'make the target schema from .sql files, or translate the SQLite schema where there are none',
    examples: ['pgferry init', 'pgferry init --from-source --source app.db --target postgresql://app@db/app'],
  },
  {
    name: 'plan',
    summary: 'show what would happen, and why; nothing is written to either side',
    examples: ['pgferry plan', 'pgferry plan --json | jq .plan.layers', 'pgferry plan --graph > plan.mmd'],
  },
  {
    name: 'copy',
    summary: 'copy all rows into an existing schema, FK-safe and deterministic, verified on the way',
    examples: ['pgferry copy --workers 4', 'pgferry copy --tables User,Host --keep-constraints'],
  },
  {
    name: 'verify',
    summary: 'compare both sides: counts, keys, NULL against empty, and every value',
    examples: ['pgferry verify', 'pgferry verify --json --differences-max 100'],
  },
  {
    name: 'migrate',
    summary: 'backup of both sides, init, copy and proof, in one pass',
    examples: [
      'pgferry migrate --source app.db --target postgresql://app@db/app',
      'SQLITE_DB_PATH=app.db POSTGRES_DATABASE_URL=postgresql://app@db/app pgferry migrate --json',
    ],
  },
  {
    name: 'status',
    summary: 'where the last run stands, from the ledger in the target',
    examples: ['pgferry status --json'],
  },
];

interface Answer {
  readonly exitCode: number;
  readonly json: Record<string, unknown>;
  readonly text: string;
}

const stopping = new AbortController();
let exitCode: number = exitCodes.ok;
let signalReceived: 'SIGINT' | 'SIGTERM' | null = null;

async function main(argv: readonly string[]): Promise<number> {
  surviveClosedPipes();
  const program = buildProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw error;
  }
}

function buildProgram(): Command {
  const program = new Command('pgferry')
    .description('Moves an application from SQLite to PostgreSQL and proves that nothing changed.')
    .version(toolVersion(), '--version')
    .exitOverride()
    .showHelpAfterError('(pgferry help <command> lists the flags)')
    .addHelpText('after', exitCodeHelp());
  for (const row of commandRows) addCommand(program, row);
  program
    .command('embedded <action>')
    .description('the embedded PostgreSQL for trying out: start, stop or status')
    .action((action: string) => conclude('embedded', false, false, (journal) => runEmbedded(action, journal)));
  return program;
}

function addCommand(program: Command, row: CommandRow): void {
  const command = program.command(row.name).description(row.summary);
  for (const option of optionTable.filter(({ commands }) => commands.includes(row.name))) {
    const flag = new Option(`--${option.flag}${option.value === null ? '' : ` <${option.value}>`}`, helpOf(option));
    command.addOption(flag);
  }
  command.option('--config <file>', 'JSON file of settings; flags and environment beat it');
  if (row.name === 'plan') command.option('--graph', 'print the foreign-key graph as Mermaid instead');
  command.addHelpText('after', `\nExamples:\n${row.examples.map((example) => `  $ ${example}`).join('\n')}`);
  command.action((flags: Record<string, string | boolean>) => runCommand(row.name, flags));
}

function helpOf(option: (typeof optionTable)[number]): string {
  const parts = [option.help];
  const { standard } = option;
  if (typeof standard === 'string' || (typeof standard === 'number' && standard > 0))
    parts.push(`(default: ${standard})`);
  if (option.env.length > 0) parts.push(`[${option.env.join(', ')}]`);
  return parts.join(' ');
}

async function runCommand(name: CommandName, given: Record<string, string | boolean>): Promise<void> {
  const flags: Partial<Record<keyof Settings, string | boolean>> = {};
  for (const { flag, setting } of optionTable) {
    const value = given[camelCase(flag)];
    if (value !== undefined) flags[setting] = value;
  }
  await conclude(name, given['json'] === true, given['quiet'] === true, async (journal) => {
    const config = typeof given['config'] === 'string' ? readConfig(given['config']) : {};
    const settings = readSettings({ command: name, flags, env: process.env, config });
    return answer(name, settings, journal, given['graph'] === true);
  });
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

async function answer(name: CommandName, settings: Settings, journal: Journal, isGraph: boolean): Promise<Answer> {
  const context = { settings, journal, signal: stopping.signal, toolVersion: toolVersion() };
  switch (name) {
    case 'init': {
      const made = await runInit(context);
      return {
        exitCode: exitCodes.ok,
        json: { ...made },
        text: `${made.message}\n${describeFindings(made.findings)}\n`,
      };
    }
    case 'plan': {
      const plan = await runPlan(context);
      const isRefused = plan.findings.some(({ severity }) => severity === 'error');
      const text = isGraph ? planToMermaid(plan) : describePlan(plan);
      return { exitCode: isRefused ? exitCodes.refused : exitCodes.ok, json: { plan, findings: plan.findings }, text };
    }
    case 'copy':
      return fromResult(await runCopy(context));
    case 'migrate':
      return fromResult(await runMigrate(context));
    case 'verify':
      return fromResult(await runVerify(context));
    case 'status': {
      const status = await runStatus(context);
      return { exitCode: exitCodes.ok, json: { ...status }, text: describeStatus(status) };
    }
  }
}

function fromResult(result: RunResult): Answer {
  return { exitCode: result.ok ? exitCodes.ok : exitCodes.differs, json: { ...result }, text: summarize(result) };
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
    isTerminal: process.stderr.isTTY === true,
    isQuiet,
    nowMs: () => performance.now(),
  });
  journal.listen(display.onEvent);
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
    process.stdout.write(isJson ? `${JSON.stringify(json)}\n` : done.text);
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
  if (isJson) {
    const { stack, ...shown } = wire;
    const json = {
      ok: false,
      command: name,
      runId: null,
      runDir: null,
      durationMs,
      tables: [],
      findings,
      error: shown,
    };
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }
  const list = findings.length === 0 ? '' : `${describeFindings(findings)}\n\n`;
  process.stderr.write(`${list}${describeError(wire)}${bugTrace(wire)}`);
  return code;
}

/** A bug shows its stack: nobody can report it otherwise. */
function bugTrace(wire: WireError): string {
  return wire.exitCode === exitCodes.bug && wire.stack !== null ? `${wire.stack}\n` : '';
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

/** `pgferry … | head -1` must not crash a run half-way: a closed pipe is no reason to stop. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

function exitCodeHelp(): string {
  return `
Exit codes: 0 done (verify: identical) · 1 the sides differ · 2 usage · 20 the plan refuses, nothing was written
  21 source · 22 target · 23 data · 26 a worker thread was lost · 70 a bug · 130, 143 interrupted, resumable`;
}

process.exitCode = await main(process.argv.slice(2));
