import { lookUpProvider, planSwitch } from '../../cutover/env-file.js';
import { checkHealth } from '../../cutover/health.js';
import { type Programs, runHookPrograms } from '../../cutover/programs.js';
import { type Words, wordsOf } from '../../cutover/switches/placeholders.js';
import { prepareSwitches, providerOf } from '../../cutover/switches/switches.js';
import type { HookEdge, PlannedSwitch } from '../../model/application/rules.js';
import type { Cutover, CutoverFacts } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import { describeTarget } from '../../target/connection/address.js';
import { moveCutovers } from '../../target/ledger/cutover.js';
import { findPassword } from '../../target/connection/password.js';
import { findApplication, hasSession } from '../../target/connection/sessions.js';
import type { TargetAddress } from '../../model/target.js';
import { type CutoverMembers, type CutoverSession, noteStep, type Preflight } from './cutover-session.js';
import { recordSettings } from '../../run/moved-settings.js';

/*
 * What a cutover does with the application beyond both databases: its switches, the operator's hooks, and what shows that
 * it is there.
 */

/** What stands for the placeholders in the values of a switch. */
export async function targetWords(address: TargetAddress, sourcePath: string): Promise<Words> {
  return wordsOf(address, { password: (await findPassword(address)) ?? null, more: { sourcePath } });
}

/** What the facts of a cutover say of the application, and what of it is written before anything is closed. */
export function applicationFacts(
  { context, cutover }: CutoverSession,
  preflight: Preflight,
  progress: { prepared: readonly PlannedSwitch[] },
): Pick<CutoverFacts, 'env' | 'prismaSchemas' | 'switches' | 'after'> {
  const { settings } = context;
  const switches = prepareSwitches(preflight.switchPlan ?? [], cutover.cutoverId);
  progress.prepared = switches;
  const hooks = Object.keys(settings.hooks);
  const isPending = hooks.includes('after-switch') || hooks.includes('after-health') || settings.health.length > 0;
  return {
    env: preflight.envFile === null ? null : planSwitch(preflight.envFile, 'postgres'),
    prismaSchemas: schemasOf(preflight),
    ...(switches.length === 0 ? {} : { switches }),
    ...(isPending ? { after: 'pending' as const } : {}),
  };
}

/** What the facts say of how the move of one file was configured. */
export function movedFacts(context: CutoverSession['context']): Pick<CutoverFacts, 'moved'> {
  const recorded = recordSettings(context);
  return Object.keys(recorded).length === 0 ? {} : { moved: recorded };
}

function schemasOf({ clients }: Preflight): CutoverFacts['prismaSchemas'] {
  return clients === null ? null : { sqlite: clients.sqlite.schemaPath, postgres: clients.postgres.schemaPath };
}

/** What the operator's programs get from this cutover. */
export async function programsOf(
  {
    context,
    address,
    cutover,
    runId,
  }: Pick<CutoverSession, 'context' | 'address' | 'cutover'> & { readonly runId: string | null },
  more: Readonly<Record<string, string>> = {},
): Promise<Programs> {
  const password = (await findPassword(address)) ?? null;
  const url = (await targetWords(address, cutover.sourcePath)).get('targetUrlWithPassword')?.value;
  return {
    folder: cutover.folder,
    variables: {
      PGFERRY_CUTOVER_ID: cutover.cutoverId,
      PGFERRY_CUTOVER_FOLDER: cutover.folder,
      PGFERRY_SQLITE_PATH: cutover.sourcePath,
      PGFERRY_TARGET_URL: describeTarget(address),
      ...(runId === null ? {} : { PGFERRY_RUN_ID: runId }),
      ...more,
    },
    secrets: url === undefined ? {} : { targetUrlWithPassword: url },
    passwords: password === null ? [] : [password],
    signal: context.signal,
    note: (message) => context.journal.note(message),
  };
}

/** Runs the operator's hooks of one edge, one after the other. Error: `cutover.hook`. */
export async function runHooks(
  session: CutoverSession,
  edge: HookEdge,
  runId: string | null = session.cutover.facts?.runId ?? null,
): Promise<void> {
  const { settings } = session.context;
  if ((settings.hooks[edge] ?? []).length === 0) return;
  const programs = await programsOf({ ...session, runId }, { PGFERRY_EDGE: edge });
  await noteStep(session, `hooks ${edge}`, () => runHookPrograms(programs, edge, settings.hooks));
}

/** Which database the application uses, as far as what is to be switched says so. */
export function providerHere(cutover: Pick<Cutover, 'envPath' | 'facts' | 'folder'>): string | null {
  if (cutover.envPath !== null) return lookUpProvider(cutover.envPath);
  const switches = cutover.facts?.switches ?? [];
  return switches.length === 0 ? null : providerOf(switches, cutover.folder);
}

/**
 * Runs what follows the switch, and says what shows that the application is there. Error: `stuck.unhealthy`; the
 * application stays on PostgreSQL until somebody goes back.
 */
export async function showApplication(session: CutoverSession, facts: CutoverFacts): Promise<CutoverFacts> {
  const { context, cutover, client } = session;
  const { settings, journal, signal } = context;
  try {
    if (facts.after === 'pending') {
      await runHooks(session, 'after-switch', facts.runId);
      const seen = { isConnected: (name: string) => hasSession(client, name), sqlitePath: cutover.sourcePath };
      for (const health of settings.health) await noteStep(session, 'health', () => checkHealth(health, signal, seen));
      await runHooks(session, 'after-health', facts.runId);
    }
  } catch (error) {
    if (!(error instanceof CopierError) || error.code.startsWith('interrupted.')) throw error;
    throw new CopierError(
      'stuck.unhealthy',
      `the application is switched to PostgreSQL by cutover ${cutover.cutoverId}, and what followed failed: ${error.message} [${error.code}]`,
      {
        hint: 'mend it and run `pgferry cutover` again, which checks once more; or `pgferry rollback` goes back',
        cause: error,
      },
    );
  }
  await saySeen(session, settings.health.length);
  if (facts.after !== 'pending') return facts;
  journal.note('what was to follow the switch is done');
  return { ...facts, after: 'done' };
}

/** The same for a cutover that is concluded, and tells the ledger. */
export async function settleApplication(
  members: CutoverMembers,
  facts: readonly [CutoverFacts, ...CutoverFacts[]],
): Promise<void> {
  const [{ session }] = members;
  const shown = await showApplication(session, facts[0]);
  if (shown === facts[0]) return;
  const settled = members.map((member, at) => ({
    cutoverId: member.session.cutover.cutoverId,
    facts: { ...(facts[at] ?? facts[0]), after: 'done' as const },
  }));
  await moveCutovers(session.client, 'switched', settled);
}

async function saySeen({ context, client }: CutoverSession, checks: number): Promise<void> {
  const { journal } = context;
  if (checks > 0) {
    journal.note(`the application answers as "health" says (${checks} ${checks === 1 ? 'check' : 'checks'})`);
    return;
  }
  const found = await findApplication(client).catch((error: unknown) => {
    journal.warn(`it could not be seen whether the application is connected: ${toWire(error).message}`);
    return null;
  });
  if (found !== null) journal.note(`a session of ${found} is connected to PostgreSQL`);
  else
    journal.warn(
      'nothing shows yet that the application is on PostgreSQL: no other session is connected, and no "health" is configured; restart it and look',
    );
}
