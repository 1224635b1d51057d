import { existsSync } from 'node:fs';
import type { Cutover, CutoverFacts, CutoverResult } from '../../../model/cutover.js';
import { CopierError } from '../../../model/error.js';
import type { TargetAddress } from '../../../model/target.js';
import { formatBytes } from '../../../report/units.js';
import { type Context, resolveTarget } from '../../../run/context.js';
import { statFile } from '../../../source/open.js';
import { describeTarget } from '../../../target/connection/address.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { withTarget } from '../../../target/connection/connect.js';
import { latestCutover, moveCutover } from '../../../target/ledger/cutover.js';
import { hasLedger } from '../../../target/ledger/ledger.js';
import { withCutoverLock } from '../../../target/ledger/lock.js';
import { dropJournal } from '../../../target/reverse/journal.js';
import { cutoverResult } from '../cutover-result.js';
import { sessionOptions } from '../preflight.js';

/**
 * The settle-cutover command: the operator calls the move final. The reverse journal goes, and with it its price; the files of
 * the way back stay, and are named. A rollback is possible as long as they are there: it compares all rows then.
 */
export async function runSettle(context: Context): Promise<CutoverResult> {
  if (context.settings.targetUrl === null) {
    throw new CopierError('cutover.not_switched', 'no target is named, and it is there that the cutover is recorded', {
      hint: 'source the rollback.env of the cutover, or name the target with --target',
    });
  }
  const { address } = await resolveTarget(context);
  const connecting = { ...sessionOptions(context, 'settle'), signal: context.signal };
  return await withTarget(address, connecting, (client) =>
    withCutoverLock(client, address.schema, () => settle(context, client, address)),
  );
}

async function settle(context: Context, client: TargetClient, address: TargetAddress): Promise<CutoverResult> {
  const { cutover, facts } = whatIsSettled(
    (await hasLedger(client)) ? await latestCutover(client, address.schema) : null,
  );
  const tables = await dropJournal(client, address.schema);
  const settledAt = facts.settledAt ?? new Date().toISOString();
  const { state, folder } = await moveCutover(client, cutover.cutoverId, cutover.state, { ...facts, settledAt });
  sayWhatStays(context, cutover, facts, tables);
  return cutoverResult({
    command: 'settle-cutover',
    cutoverId: cutover.cutoverId,
    state,
    runId: facts.runId,
    runDir: folder,
    source: cutover.sourcePath,
    target: describeTarget(address),
  });
}

/** Only a cutover that has switched the application, and is proven, can be final. */
function whatIsSettled(cutover: Cutover | null): { readonly cutover: Cutover; readonly facts: CutoverFacts } {
  const isSwitched = cutover !== null && ['switched', 'released'].includes(cutover.state);
  const isPending = cutover?.facts?.after === 'pending';
  if (isSwitched && !isPending && cutover.facts !== null) return { cutover, facts: cutover.facts };
  const why =
    cutover === null
      ? 'no cutover is recorded in the target'
      : isPending
        ? `hooks or health checks after the switch of cutover ${cutover.cutoverId} are left`
        : cutover.state === 'proving'
          ? `the last proof of cutover ${cutover.cutoverId} was not made`
          : `cutover ${cutover.cutoverId} is ${cutover.state}: the application is not on PostgreSQL by it`;
  throw new CopierError('cutover.not_switched', `nothing can be settled: ${why}`, {
    hint: '`pgferry status` shows where it stands',
  });
}

function sayWhatStays(
  { journal }: Pick<Context, 'journal'>,
  { folder, sourcePath }: Cutover,
  { snapshotPath, mapped, switches = [] }: CutoverFacts,
  tables: number,
): void {
  if (tables > 0) journal.note(`the reverse journal of ${tables} tables and partitions is removed`);
  const copies = switches.flatMap((one) => (one.kind === 'file' ? [one.beforePath, one.afterPath] : []));
  const loaded = mapped === undefined ? [] : [mapped.snapshot.path, mapped.keys.path];
  const files = [sourcePath, snapshotPath, ...loaded, ...copies].filter((path) => existsSync(path));
  const named = files.map((path) => `${path} (${formatBytes(statFile(path).size)})`);
  const rest = named.length === 0 ? '' : `: ${named.join(', ')}, and the records in ${folder}`;
  journal.note(
    `a rollback still brings back what PostgreSQL took, as long as its files are there; it compares all rows then${rest}; nothing but a rollback needs them`,
  );
}
