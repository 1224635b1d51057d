import { hostname } from 'node:os';
import { pid } from 'node:process';
import { type OwnCommand, ownLine } from '../lib/own-command.js';
import { CopierError } from '../model/error.js';
import type { FileOptions } from '../model/fleet/file-options.js';
import type { Plan } from '../model/plan.js';
import type { TargetAddress } from '../model/target.js';
import { parseTargetUrl } from '../target/connection/address.js';
import { withTarget } from '../target/connection/connect.js';
import { startEmbedded } from '../target/embedded/embedded.js';
import type { Orders } from './control/orders.js';
import type { Journal } from './journal.js';
import type { Settings } from '../model/settings.js';

/** What every command works with. */
export interface Context {
  readonly settings: Settings;
  readonly journal: Journal;
  readonly signal: AbortSignal;
  /** What is asked of it while it works. */
  readonly orders: Orders;
  readonly toolVersion: string;
  /** How this user calls pgferry. */
  readonly own: OwnCommand;
  /** The command line without its secrets, or the function of the library. */
  readonly calledAs: string;
  /** Reads the options of one file of a fleet; throws `usage.*`. */
  readonly readFileOptions: (given: Readonly<Record<string, unknown>>) => Promise<FileOptions>;
  /** Asks who sits at the terminal, after the lines that tell what about; null where nobody does. */
  readonly ask: ((lines: readonly string[], question: string) => Promise<boolean>) | null;
}

/** Where the embedded PostgreSQL lives, below the folder from which the command runs. */
export const embeddedFolder = '.pgferry/postgres';

export interface ResolvedTarget {
  readonly address: TargetAddress;
  readonly isEmbedded: boolean;
}

/** The operator's target, or the embedded server, which is started if it is not running and announced loudly. */
export async function resolveTarget({ settings, journal, own }: Context): Promise<ResolvedTarget> {
  const stallTimeoutMs = settings.stallTimeoutSeconds * 1000;
  const ledger = settings.ledgerSchema === null ? {} : { ledgerSchema: settings.ledgerSchema };
  if (settings.targetUrl !== null) {
    const { address, notes } = parseTargetUrl(settings.targetUrl);
    for (const note of notes) journal.note(note);
    return { address: { ...address, ...ledger, stallTimeoutMs }, isEmbedded: false };
  }
  const server = await startEmbedded({ folder: embeddedFolder });
  announceEmbedded(journal, server, own);
  return { address: { ...server.address, ...ledger, stallTimeoutMs }, isEmbedded: true };
}

/**
 * Connects once, so that a wrong host, password or database is told before the source is read, which may take an hour.
 * Throws what connecting throws.
 */
export async function reachTarget({ signal }: Context, address: TargetAddress): Promise<void> {
  await withTarget(address, { applicationName: 'pgferry look', signal }, async () => {});
}

/** How to reach and how to stop the embedded server, without its password. */
export function announceEmbedded(
  journal: Journal,
  server: { readonly address: TargetAddress; readonly wasRunning: boolean; readonly folder: string },
  own: OwnCommand,
): void {
  const { host, port, user, database } = server.address;
  journal.warn(
    `EMBEDDED PostgreSQL, for trying out only (no target was named): ${server.wasRunning ? 'running' : 'started'} in ${server.folder}`,
  );
  journal.note(`URL  postgresql://${user}@${host}:${port}/${database}`);
  journal.note(`look ${psqlLine(server.address, server.folder)}`);
  journal.note(`stop ${ownLine(own, 'embedded stop')}`);
}

/** A psql command for the embedded server. */
export function psqlLine({ host, port, user, database }: TargetAddress, folder: string): string {
  return `PGPASSFILE=${folder}/pgpass psql -h ${host} -p ${port} -U ${user} ${database}`;
}

/** Throws `plan.refused` with every reason where the plan has an error. */
export function refuseIfBlocked({ findings }: Pick<Plan, 'findings'>, what = 'the plan refuses'): void {
  const reasons = findings.filter(({ severity }) => severity === 'error');
  if (reasons.length === 0) return;
  const count = reasons.length === 1 ? 'one reason' : `${reasons.length} reasons`;
  throw new CopierError('plan.refused', `${what} for ${count}; nothing was written`, {
    hint: 'each reason listed says what to do',
    findings,
  });
}

/** Who holds a run, as the ledger notes it. */
export function whoWeAre(context: Context) {
  return { toolVersion: context.toolVersion, host: hostname(), pid };
}
