import type { Finding } from '../model/plan.js';
import type { TargetCatalog, TargetTable } from '../model/target.js';
import { makeFinding } from './findings/finding.js';
import type { TableFit } from './fit.js';
import { checkLedger, checkReading, checkServer } from './schema/making.js';
import { quoteIdentifier, quotePath } from '../lib/quote.js';

export interface ReadinessRequest {
  readonly target: TargetCatalog;
  readonly tables: readonly TableFit[];
  readonly truncateTarget: boolean;
  /** Whether both sides are only to be compared: nothing will be written. */
  readonly isComparison?: boolean;
  /** Source names of tables that hold exactly what an earlier run loaded. */
  readonly replaceable: ReadonlySet<string>;
}

/** Whether the server and the tables can take the rows: everything in the way, all at once. */
export function checkReadiness(request: ReadinessRequest): Finding[] {
  if (request.isComparison === true) return [...checkReading(request.target), ...checkRights(request)];
  return [
    ...checkServer(request.target),
    ...checkReading(request.target),
    ...checkLedger(request.target),
    ...checkLocks(request.target),
    ...request.tables.flatMap((fit) => checkTable(fit)),
    ...checkRights(request),
    ...checkRows(request),
  ];
}

function checkTable({ source, target }: TableFit): Finding[] {
  const table = source.name;
  const findings: Finding[] = [];
  if (target.isUnlogged) {
    const message = 'the target table is UNLOGGED: a crash of the server would empty it';
    const hint = `run ALTER TABLE ${quotePath(target.schema, target.name)} SET LOGGED`;
    findings.push(makeFinding({ severity: 'error', code: 'plan.unlogged', table, message, hint }));
  }
  if (target.kind !== 'r') {
    const message = `the target is a ${target.kind === 'p' ? 'partitioned' : 'foreign'} table`;
    const hint = 'rows go in through it; see that each row finds its place';
    findings.push(makeFinding({ severity: 'note', code: 'plan.table_kind', table, message, hint }));
  }
  if (target.hasRowSecurity) {
    const message = 'row security is on: policies could hide rows from the copy and the proof';
    const hint = 'copy as the owner or as a role with BYPASSRLS';
    findings.push(makeFinding({ severity: 'warning', code: 'plan.row_security', table, message, hint }));
  }
  if (target.triggers.length > 0) {
    const message = `triggers on the target would fire: ${target.triggers.join(', ')}`;
    const hint = 'disable them for the copy if they change rows or tables';
    findings.push(makeFinding({ severity: 'warning', code: 'plan.triggers', table, message, hint }));
  }
  if (target.staysOpen !== null) {
    const message = `others can write to the target table while it is loaded, since ${target.staysOpen}: it is read once more at the end`;
    const hint = 'keep other writers off it until the run ends, for what they write makes the run fail';
    findings.push(makeFinding({ severity: 'note', code: 'plan.stays_open', table, message, hint }));
  }
  return findings;
}

/** The server finds more room than it promises, but not half as much again. */
const lockCapacityBeyondPromise = 1.5;

/** A table that runs out of locks is undone cleanly, but may be so after hours; and a cutover locks all tables too. */
function checkLocks({ lockCapacity, locksNeeded }: TargetCatalog): Finding[] {
  if (locksNeeded * 2 <= lockCapacity) return [];
  const severity = locksNeeded > lockCapacity * lockCapacityBeyondPromise ? 'error' : 'warning';
  const message = `the tables of the schema take ${locksNeeded} locks in one transaction, and the server has room for ${lockCapacity} of all sessions together`;
  const hint = `raise max_locks_per_transaction of the server to ${Math.ceil((locksNeeded * 2) / lockCapacity)} times what it is, and restart it`;
  return [makeFinding({ severity, code: 'plan.few_locks', message, hint })];
}

/** TRUNCATE is needed only where rows must go first, and a comparison reads. */
function checkRights(request: ReadinessRequest): Finding[] {
  const { target, truncateTarget, replaceable, isComparison } = request;
  return request.tables.flatMap(({ source, target: table }) => {
    const mustTruncate = truncateTarget || replaceable.has(source.name);
    const isNeeded = (privilege: string) =>
      isComparison === true ? privilege === 'SELECT' : privilege !== 'TRUNCATE' || mustTruncate;
    const missing = table.missingPrivileges.filter(isNeeded);
    if (missing.length === 0) return [];
    const message = `the role ${target.role} lacks ${missing.join(', ')} on the target table`;
    return [
      makeFinding({
        severity: 'error',
        code: 'plan.no_rights',
        table: source.name,
        message,
        hint: grantSql(table, missing, target.role),
      }),
    ];
  });
}

function grantSql(table: TargetTable, privileges: readonly string[], role: string): string {
  return `GRANT ${privileges.join(', ')} ON ${quotePath(table.schema, table.name)} TO ${quoteIdentifier(role)};`;
}

function checkRows(request: ReadinessRequest): Finding[] {
  if (request.truncateTarget) return [];
  const names = request.tables
    .filter(({ source, target }) => target.hasRows && !request.replaceable.has(source.name))
    .map(({ target }) => target.name);
  if (names.length === 0) return [];
  const what = names.length === 1 ? 'one target table holds' : `${names.length} target tables hold`;
  const message = `${what} rows that pgferry did not load, or that were changed since: ${names.join(', ')}`;
  const hint =
    'to replace them: TRUNCATE_TARGET=1 (--truncate-target) empties these tables, RESET_PUBLIC_SCHEMA=1 (--reset-schema) makes the whole schema again; to keep them: name another schema with ?schema= in the target url';
  return [makeFinding({ severity: 'error', code: 'plan.target_has_rows', message, hint })];
}
