import { CopierError } from '../../model/error.js';
import type { TargetClient } from './client.js';
import type { PgErrorContext } from './errors.js';
import { withTransaction } from './transaction.js';

/** A statement without parameters, and what its error says beside the server's words. */
export interface PlainStatement {
  readonly sql: string;
  readonly context?: PgErrorContext;
  /** Runs it by itself; left out: as it stands, with the context. */
  readonly alone?: () => Promise<unknown>;
}

/** Bounds one message of several statements. */
const statementsMax = 100;
const charsMax = 256 * 1024;

/** SQLSTATEs that say nothing about the statement: a lock not granted, cancelled, a deadlock, a conflict. */
const notOfStatement = ['55P03', '57014', '40P01', '40001'];

/**
 * Runs statements in order, many to a message, so that they cost one round trip together. Call it in a transaction.
 * Where one fails, its message is rolled back and its statements run one by one: so the error is that of the statement.
 */
export async function runTogether(client: TargetClient, statements: readonly PlainStatement[]): Promise<void> {
  for (const group of groupsOf(statements)) {
    const isDone = group.length > 1 && (await runGroup(client, group));
    if (isDone) continue;
    for (const { sql, context, alone } of group) await (alone?.() ?? client.run(sql, [], context));
  }
}

/** Several statements as one text of the simple protocol; each may end in a comment. */
export function joinStatements(statements: readonly string[]): string {
  return statements.join('\n;\n');
}

async function runGroup(client: TargetClient, group: readonly PlainStatement[]): Promise<boolean> {
  try {
    await withTransaction(client, () => client.run(joinStatements(group.map(({ sql }) => sql))));
    return true;
  } catch (error) {
    const isOfOne = error instanceof CopierError && error.foreignCode !== null;
    if (client.isBroken || !isOfOne || notOfStatement.includes(error.foreignCode ?? '')) throw error;
    return false;
  }
}

function groupsOf(statements: readonly PlainStatement[]): PlainStatement[][] {
  const groups: PlainStatement[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const statement of statements) {
    const last = groups.at(-1);
    const fits = last !== undefined && last.length < statementsMax && chars + statement.sql.length <= charsMax;
    if (fits) last.push(statement);
    else groups.push([statement]);
    chars = (fits ? chars : 0) + statement.sql.length;
  }
  return groups;
}
