import type { Word, Words } from '../../../cutover/switches/placeholders.js';
import { planSwitches } from '../../../cutover/switches/switches.js';
import { decideGroup, type GroupFact } from '../../../cutover/standing-group.js';
import type { Cutover, CutoverResult } from '../../../model/cutover.js';
import { CopierError, must } from '../../../model/error.js';
import { agreeToReset } from '../../../run/schema/agree-to-reset.js';
import { latestCutover, moveCutovers } from '../../../target/ledger/cutover.js';
import { hasLedger } from '../../../target/ledger/ledger.js';
import { targetWords } from '../application.js';
import { cutoverResult } from '../cutover-result.js';
import type { CutoverMembers, LockedTarget, Preflight } from '../cutover-session.js';
import { checkBeforeCutover, readLocalFacts, refuseStayingRows, refuseTenantTables } from '../preflight.js';
import { rehearseCutover } from '../rehearsal.js';
import { reopenSource } from '../release.js';
import { resumeCutover } from '../resume.js';
import {
  asBegun,
  cutoverFlags,
  enterAttempt,
  knownMember,
  makeAttempt,
  refuseSwitched,
  settleSwitched,
  unfinished,
} from '../switch/attempt.js';
import { sayPrice } from '../way-back/reverse-journal.js';
import { type GroupFile, withGroupLocks } from './group-members.js';

/*
 * Several files of one application, cut over together: all are fenced, then each is copied and accepted, then the ledger is
 * told of all in one transaction, all are closed, and the application is switched once. See cutover/standing-group.ts for what
 * a crash leaves, and what ends it.
 */

/** One of the files before anything is done. */
interface LookedAt extends GroupFact {
  readonly context: GroupFile['context'];
  readonly preflight: Preflight;
  readonly locked: LockedTarget;
}

export async function cutOverGroup(files: readonly GroupFile[], locked: LockedTarget): Promise<CutoverResult> {
  const schemas = files.map(({ schema }) => schema);
  return await withGroupLocks(locked, schemas, async () => {
    const found: LookedAt[] = [];
    for (const file of files) found.push(await look(file, locked));
    const { journal } = must(found[0], 'a file of the group').context;
    const pairs = found.map(({ sourcePath, schema }) => `${sourcePath} → ${schema}`);
    journal.note(`these go over together: ${pairs.join(', ')}`);
    return await decideAndDo(found, locked);
  });
}

async function look({ context, schema }: GroupFile, { address, client, lost }: LockedTarget): Promise<LookedAt> {
  const preflight = await checkBeforeCutover(context.settings);
  const { sourcePath, envFile } = preflight;
  const cutover = (await hasLedger(client)) ? await latestCutover(client, schema) : null;
  const local = await readLocalFacts(sourcePath, envFile?.path ?? null, cutover);
  return {
    context,
    preflight,
    sourcePath,
    schema,
    cutover,
    local,
    locked: { address: { ...address, schema }, client, lost },
  };
}

async function decideAndDo(files: readonly LookedAt[], locked: LockedTarget): Promise<CutoverResult> {
  const lead = must(files[0], 'a file of the group');
  const move = decideGroup(files);
  if (move.tag === 'refuse') throw new CopierError(move.code, move.message, { hint: move.hint });
  const isBegun = move.tag !== 'begin' || move.closed.length > 0;
  if (isBegun && lead.context.settings.dryRun) throw unfinished(must(lead.cutover, 'a cutover that was begun'));
  switch (move.tag) {
    case 'go-on':
      return await resumeCutover(knownMembers(files), locked);
    case 'settle':
      return await settleSwitched(knownMembers(files));
    case 'begin': {
      await openAgain(files, move.closed);
      for (const { schema } of files) await refuseStayingRows(locked.client, schema);
      refuseSwitched(lead.preflight);
      for (const { schema, sourcePath } of files) await refuseTenantTables(locked.client, schema, sourcePath);
      return await begin(files, locked);
    }
  }
}

function knownMembers(files: readonly LookedAt[]): CutoverMembers {
  const [first, ...others] = files.map(({ context, preflight, locked, cutover }) => {
    const known = must(cutover, 'a cutover that goes on');
    return knownMember(asBegun(context, known), preflight, locked, known);
  });
  return [must(first, 'a file of the group'), ...others];
}

/** Takes back what an attempt did that died while it closed the files. */
async function openAgain(files: readonly LookedAt[], closed: readonly Cutover[]): Promise<void> {
  const [lead] = files;
  if (closed.length === 0 || lead === undefined) return;
  const { journal } = lead.context;
  journal.note(
    `an attempt before died while it closed the files: ${closed.length} of ${files.length} are opened again`,
  );
  for (const cutover of closed) await reopenSource(lead.context, cutover);
  const known = files.map(({ cutover }) => must(cutover, 'a cutover that was begun'));
  await moveCutovers(lead.locked.client, 'undone', known);
}

async function begin(files: readonly LookedAt[], locked: LockedTarget): Promise<CutoverResult> {
  const lead = must(files[0], 'a file of the group');
  const { settings } = lead.context;
  const rules = settings.cutoverSwitchEnv ? (settings.switch ?? []) : [];
  const switchPlan = planSwitches(rules, await wordsOfAll(files));
  if (settings.dryRun) return await rehearse(files);
  // Before writers wait: no load in the midst of it must ask.
  for (const { context, schema } of files) await agreeToReset(context, locked.client, schema);
  const members = [];
  for (const { context, preflight, locked: at, cutover, sourcePath } of files) {
    const asked = { ...context, settings: { ...context.settings, yes: true } };
    const before = isAgain(cutover, sourcePath) ? cutover : null;
    members.push({
      session: await enterAttempt(asked, preflight, at, before),
      preflight: { ...preflight, switchPlan },
    });
  }
  if (settings.reverseJournal) await sayPrice(lead.context, locked.client);
  const [first, ...others] = members;
  return await makeAttempt([must(first, 'a file of the group'), ...others], locked);
}

/** The placeholders of the first file by their names, and those of each with its schema before: `${logs.targetUrl}`. */
async function wordsOfAll(files: readonly LookedAt[]): Promise<Words> {
  const words = new Map<string, Word>();
  for (const [at, { locked, sourcePath, schema }] of files.entries()) {
    const own = await targetWords(locked.address, sourcePath);
    for (const [name, word] of own) {
      words.set(`${schema}.${name}`, word);
      if (at === 0) words.set(name, word);
    }
  }
  return words;
}

/** Whether the cutover that is known goes on with its next attempt. */
function isAgain(cutover: Cutover | null, sourcePath: string): boolean {
  return cutover?.sourcePath === sourcePath && ['preparing', 'undone', 'closing'].includes(cutover.state);
}

/** One file after the other into the schema of a rehearsal; nothing is switched. */
async function rehearse(files: readonly LookedAt[]): Promise<CutoverResult> {
  const results: CutoverResult[] = [];
  for (const { context, preflight, locked } of files)
    results.push(await rehearseCutover(context, preflight, { ...locked, flags: cutoverFlags }));
  const [first] = results;
  const group = results.map(({ cutoverId, runId, runDir, source, replacedPath, savedWrites, carried }, at) => ({
    ...{ cutoverId, runId, runDir, source, replacedPath, savedWrites, carried },
    schema: files[at]?.schema ?? '',
  }));
  const downtimeMs = results.reduce((sum, one) => sum + (one.downtimeMs ?? 0), 0);
  return cutoverResult({ ...must(first, 'a rehearsal'), downtimeMs, group });
}
