import { join } from 'node:path';
import { type OwnCommand, ownLine } from '../lib/own-command.js';
import { quoteShell } from '../lib/shell-word.js';
import type { Cutover, CutoverFacts } from '../model/cutover.js';

/** The operator's own switches as the way back without the target needs them, in the folder of the cutover. */
export const switchesName = 'switches.json';

/** The operator's hooks likewise. */
export const hooksName = 'hooks.json';

/** The files that went over together likewise, each as `NotedMember`. */
export const groupName = 'group.json';

/** What the way back without the target needs of one of several files. */
export interface NotedMember {
  readonly cutoverId: string;
  readonly sourcePath: string;
  readonly snapshotPath: string;
  readonly snapshotSha256: string;
}

/** Its name in the folder of the cutover. */
export const rollbackEnvName = 'rollback.env';

/**
 * The text of rollback.env: shell assignments for `source rollback.env && pgferry rollback`, which works from any
 * folder, since all paths are absolute. The target's URL is without its password, and gives way to one that is set.
 */
export function rollbackEnv(
  cutover: Pick<Cutover, 'cutoverId' | 'sourcePath' | 'folder'>,
  facts: CutoverFacts,
  { url, ledgerSchema }: { readonly url: string; readonly ledgerSchema: string | null },
  own: OwnCommand,
): string {
  const { prismaSchemas } = facts;
  const assignments: readonly (readonly [string, string])[] = [
    ['ROLLBACK_CUTOVER_ID', cutover.cutoverId],
    ['ROLLBACK_SQLITE_BACKUP', facts.snapshotPath],
    ['ROLLBACK_SQLITE_SHA256', facts.snapshotSha256],
    ['SQLITE_DB_PATH', cutover.sourcePath],
    ...(ledgerSchema === null ? [] : ([['LEDGER_SCHEMA', ledgerSchema]] as const)),
    ...switchAssignments(cutover, facts),
    ...(hasHooks(facts) ? ([['ROLLBACK_HOOKS', join(cutover.folder, hooksName)]] as const) : []),
    ...(facts.group === undefined ? [] : ([['ROLLBACK_GROUP', join(cutover.folder, groupName)]] as const)),
    ...(prismaSchemas === null
      ? ([['ROLLBACK_GENERATE_PROVIDER', '0']] as const)
      : ([['PRISMA_SCHEMA_SQLITE', prismaSchemas.sqlite]] as const)),
  ];
  return [
    `# The way back from cutover ${cutover.cutoverId}, fenced at ${facts.fencedAt}:`,
    `#   source rollback.env && ${ownLine(own, 'rollback')}`,
    ...assignments.map(([name, value]) => `export ${name}=${quoteShell(value)}`),
    '# Give it its password by PGPASSWORD or PGPASSFILE, or set the whole URL before.',
    `if [ -z "\${POSTGRES_DATABASE_URL:-\${PG_URL:-}}" ]; then export POSTGRES_DATABASE_URL=${quoteShell(url)}; fi`,
    '',
  ].join('\n');
}

/** Whether there are hooks that a way back runs. */
export function hasHooks({ moved }: CutoverFacts): boolean {
  return moved?.hooks?.['before-rollback'] !== undefined || moved?.hooks?.['after-rollback'] !== undefined;
}

function switchAssignments(
  { folder }: Pick<Cutover, 'folder'>,
  { env, switches }: CutoverFacts,
): readonly (readonly [string, string])[] {
  if (env !== null) return [['VPS_ENV_FILE', env.path]];
  return switches === undefined
    ? [['ROLLBACK_SET_VPS_PROVIDER', '0']]
    : [['ROLLBACK_SWITCHES', join(folder, switchesName)]];
}
