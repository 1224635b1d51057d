import * as next from './next-step.js';
import type { NextStep } from './next-step.js';
import type { Context } from '../run/context.js';
import type { OwnCommand } from '../lib/own-command.js';
import type { CommandName } from '../model/settings.js';
import type { Invocation } from './program.js';
import { checkSqlite } from '../run/check-sqlite.js';
import { CopierError, exitCodes } from '../model/error.js';
import type { Finding } from '../model/plan.js';
import type { RunResult } from '../model/result.js';
import type { CutoverResult } from '../model/cutover.js';
import { describeFindings } from '../report/text/findings-text.js';
import { summarize } from '../report/text/summary.js';
import { reinstallCommand } from '../platform/installation.js';
import { countOf, sanitize } from '../report/units.js';

/** The outcome of a command: its exit code, its one JSON object, and the page for a person, made where one reads it. */
export interface Answer {
  readonly exitCode: number;
  readonly json: Record<string, unknown>;
  readonly text: () => string;
  /** The command that comes next; null where none does. */
  readonly next: NextStep | null;
  /** Whether the text is for a program: SQL, a script. */
  readonly isForProgram?: boolean;
}

/**
 * Runs one command. Each is loaded only here and only when it is asked for: all of them together take longer to load
 * than most of them take to run.
 */
export async function answer(
  name: CommandName,
  context: Context,
  invocation: Pick<Invocation, 'form' | 'word' | 'detail' | 'isWhole'>,
): Promise<Answer> {
  try {
    checkSqlite(name);
    return await run(name, context, invocation);
  } catch (error) {
    throw isUnloadable(error) ? notLoaded(error) : error;
  }
}

function isUnloadable(error: unknown): error is Error {
  const codes = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED'];
  return error instanceof Error && codes.includes(String((error as NodeJS.ErrnoException).code));
}

function notLoaded(cause: Error): CopierError {
  const [what] = cause.message.split('\n');
  const hint = `install it again: ${reinstallCommand()}`;
  return new CopierError('bug.not_loaded', `pgferry cannot be loaded: ${what}`, { hint, cause });
}

async function run(
  name: CommandName,
  context: Context,
  { form, word, detail, isWhole }: Pick<Invocation, 'form' | 'word' | 'detail' | 'isWhole'>,
): Promise<Answer> {
  switch (name) {
    case 'doctor': {
      const { runDoctor } = await import('../commands/doctor/doctor.js');
      const { describeDoctor } = await import('../report/text/doctor-text.js');
      const result = await runDoctor(context);
      const exitCode = result.ok ? exitCodes.ok : exitCodes.refused;
      return { exitCode, json: { ...result }, text: () => describeDoctor(result), next: next.afterDoctor(result) };
    }
    case 'init-config':
      return await writeInitialConfig(context);
    case 'init': {
      const { printSchema } = await import('../commands/print-schema.js');
      const { runInit } = await import('../commands/init.js');
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
        text: () =>
          isPrinted
            ? (made.sql ?? '')
            : `${[sanitize(made.message), describeFindings(made.findings, isWhole)].filter((part) => part !== '').join('\n')}\n`,
        next: next.afterInit(made.findings),
        isForProgram: isPrinted,
      };
    }
    case 'census': {
      const { runCensus } = await import('../commands/census.js');
      const { censusObject, describeCensus } = await import('../report/text/census-text.js');
      const { tables, leftOut } = await runCensus(context);
      const census = tables.map(censusObject);
      return {
        exitCode: exitCodes.ok,
        json: { census, leftOut },
        text: () => describeCensus(tables),
        next: next.afterCensus(),
      };
    }
    case 'plan': {
      const { runPlan } = await import('../commands/plan.js');
      const { plan, sides } = await runPlan(context);
      const { planToMermaid } = await import('../plan/graph/mermaid.js');
      const { describeSides } = await import('../report/text/sides-text.js');
      const { describePlan } = await import('../report/text/plan-text.js');
      const texts = { graph: () => planToMermaid(plan), diff: () => describeSides(sides) };
      const text = form === 'graph' || form === 'diff' ? texts[form] : () => describePlan(plan, isWhole);
      const json = { plan, sides, findings: plan.findings };
      const step = next.afterPlan(plan.findings);
      return { exitCode: planExit(plan.findings), json, text, next: step, isForProgram: form !== 'page' };
    }
    case 'copy': {
      const { runCopy } = await import('../commands/migrate.js');
      return fromResult(await runCopy(context), isWhole);
    }
    case 'migrate': {
      const { runMigrate } = await import('../commands/migrate.js');
      return fromResult(await runMigrate(context), isWhole);
    }
    case 'verify': {
      const { runVerify } = await import('../commands/verify.js');
      return fromResult(await runVerify(context), isWhole);
    }
    case 'quarantine': {
      const { runQuarantine } = await import('../commands/quarantine.js');
      const { describeQuarantine } = await import('../report/text/quarantine-text.js');
      const result = await runQuarantine(context, word ?? '');
      return ended(result, () => describeQuarantine(result), next.afterQuarantine(result));
    }
    case 'follow': {
      const { runFollow } = await import('../commands/follow.js');
      const { describeFollow } = await import('../report/text/follow-text.js');
      const result = await runFollow(context);
      return ended(result, () => describeFollow(result, isWhole), next.afterFollow(result));
    }
    case 'repair': {
      const { runRepair } = await import('../commands/repair.js');
      const { describeRepair } = await import('../report/text/follow-text.js');
      const result = await runRepair(context);
      return ended(result, () => describeRepair(result, isWhole), next.afterRepair(result));
    }
    case 'shadow': {
      const { runShadow } = await import('../commands/acceptance/shadow.js');
      const { describeShadow } = await import('../report/text/shadow-text.js');
      const result = await runShadow(context);
      return ended(result, () => describeShadow(result, isWhole), next.afterShadow(result));
    }
    case 'accept': {
      const { runAccept } = await import('../commands/acceptance/accept.js');
      const { describeAcceptance } = await import('../report/text/shadow-text.js');
      const result = await runAccept(context);
      return ended(result, () => describeAcceptance(result, isWhole), next.afterRun(result));
    }
    case 'cutover': {
      const { runCutover } = await import('../commands/cutover/cutover.js');
      return await fromCutover(await runCutover(context), context.own);
    }
    case 'rollback': {
      const { runRollback } = await import('../commands/cutover/rollback.js');
      return await fromCutover(await runRollback(context), context.own);
    }
    case 'release': {
      const { runRelease } = await import('../commands/cutover/release.js');
      return await fromCutover(await runRelease(context), context.own);
    }
    case 'settle-cutover': {
      const { runSettle } = await import('../commands/cutover/way-back/settle.js');
      return await fromCutover(await runSettle(context), context.own);
    }
    case 'status': {
      const { runStatus } = await import('../commands/status.js');
      const { watchStatus } = await import('../commands/watch-status.js');
      const { describeStatus } = await import('../report/text/status-text.js');
      const status = await (context.settings.watch ? watchStatus(context) : runStatus(context));
      return {
        exitCode: exitCodes.ok,
        json: { ...status },
        text: () => describeStatus(status),
        next: next.afterStatus(status),
      };
    }
    case 'control': {
      const { runControl } = await import('../commands/control.js');
      const { describeControl } = await import('../report/text/control-text.js');
      const result = await runControl(context, word ?? '', detail);
      return {
        exitCode: exitCodes.ok,
        json: { ...result },
        text: () => describeControl(result, result.runDir),
        next: null,
      };
    }
    case 'fleet': {
      const { runFleet } = await import('../commands/fleet/fleet.js');
      const { describeFleet } = await import('../report/text/fleet-text.js');
      const result = await runFleet(context, word ?? '');
      return ended(result, () => describeFleet(result, isWhole), next.afterFleet(result));
    }
  }
}

async function writeInitialConfig(context: Context): Promise<Answer> {
  const { runPlan } = await import('../commands/plan.js');
  const { refuseExisting, writeNewConfig } = await import('../commands/write-config.js');
  const { initialConfig, standardConfigFile } = await import('./init-config.js');
  const { settings } = context;
  const path = settings.writeConfig ?? standardConfigFile;
  refuseExisting(path);
  const { plan } = await runPlan({ ...context, settings: { ...settings, writeConfig: null } });
  writeNewConfig(path, initialConfig(settings, plan));
  const open = plan.findings.filter(({ severity }) => severity === 'error').length;
  const refusals = `the plan has ${countOf(open, 'reason')} to refuse, with what may decide it`;
  const left = open === 0 ? 'nothing stands in the way' : refusals;
  const text = () => `✓ ${sanitize(path)} is written; ${left}\n`;
  return { exitCode: exitCodes.ok, json: { path, findings: plan.findings }, text, next: next.afterInitConfig(path) };
}

function exitCodeFor({ ok }: { readonly ok: boolean }): number {
  return ok ? exitCodes.ok : exitCodes.differs;
}

/** Whether the plan refuses. */
function planExit(findings: readonly Finding[]): number {
  return findings.some(({ severity }) => severity === 'error') ? exitCodes.refused : exitCodes.ok;
}

function fromResult(result: RunResult, isWhole: boolean): Answer {
  return ended(result, () => summarize(result, isWhole), next.afterRun(result));
}

/** The answer of a command whose result says whether both sides are the same. */
function ended<R extends { readonly ok: boolean }>(result: R, text: () => string, step: NextStep | null): Answer {
  return { exitCode: exitCodeFor(result), json: { ...result }, text, next: step };
}

async function fromCutover(result: CutoverResult, own: OwnCommand): Promise<Answer> {
  const { describeCutover } = await import('../report/text/cutover-text.js');
  return {
    exitCode: exitCodes.ok,
    json: { ...result },
    text: () => describeCutover(result, own),
    next: next.afterCutover(result),
  };
}
