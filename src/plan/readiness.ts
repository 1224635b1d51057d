import type { Finding } from '../model/plan.js';
import type { TargetCatalog, TargetTable } from '../model/target.js';
import { makeFinding } from './findings/finding.js';
import type { TableFit } from './fit.js';
import { checkLedger, checkReading, checkServer } from './schema/making.js';
import { quoteIdentifier, quotePath, quoteText } from '../lib/quote.js';
import { quoteShell } from '../lib/shell-word.js';

/** Target tables with rows that no run of ours loaded, by source table, as far as they were compared. */
export interface SeededTables {
  /** Those that hold nothing but rows of the source. */
  readonly equal: { readonly has: (table: string) => boolean };
  /** Which rows of the others differ, in words. */
  readonly differing: ReadonlyMap<string, string>;
}

export interface ReadinessRequest {
  readonly target: TargetCatalog;
  readonly tables: readonly TableFit[];
  readonly truncateTarget: boolean;
  /** Whether both sides are only to be compared: nothing will be written. */
  readonly isComparison?: boolean;
  /** Source names of tables that hold exactly what an earlier run loaded. */
  readonly replaceable: ReadonlySet<string>;
  readonly seeded?: SeededTables | undefined;
  /** The framework whose bookkeeping the source has, by its name. */
  readonly framework?: string | null;
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
    ...nameFreeSequences(request.target),
  ];
}

/** A sequence that no column owns and no default calls stays where it is, and cannot be set by what a column holds. */
function nameFreeSequences({ freeSequences = [] }: TargetCatalog): Finding[] {
  return freeSequences.map((sequence) => {
    const message = `no column owns the sequence ${sequence}, so it stays where it is`;
    const hint = `if the application takes keys from it, set it after the run: SELECT setval(${quoteText(sequence)}, (SELECT max(…) FROM …))`;
    return makeFinding({ severity: 'warning', code: 'plan.free_sequence', message, hint });
  });
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

/** Tables into which a framework's own migrations put rows. */
const seededTables: Readonly<Record<string, readonly string[]>> = {
  Django: ['auth_permission', 'django_content_type', 'django_site'],
};

function checkRows(request: ReadinessRequest): Finding[] {
  if (request.truncateTarget) return [];
  const tables = request.tables
    .filter(({ source, target }) => target.hasRows && !request.replaceable.has(source.name))
    .map(({ source, target }) => ({ source: source.name, target: target.name }));
  const equal = request.tables.filter(({ source }) => request.seeded?.equal.has(source.name) === true).map(noteEqual);
  if (tables.length === 0) return equal;
  const names = tables.map(({ target }) => target);
  const what = names.length === 1 ? 'one target table holds' : `${names.length} target tables hold`;
  const { framework = null } = request;
  const isFrameworks = names.every((name) => seededTables[framework ?? '']?.includes(name) === true);
  const whose = isFrameworks
    ? `that ${framework}'s own migration made`
    : 'that pgferry did not load, or that were changed since';
  const named = tables.map(({ source, target }) => target + inWords(request.seeded?.differing.get(source)));
  const message = `${what} rows ${whose}: ${named.join(', ')}`;
  const replace = 'to replace them: TRUNCATE_TARGET=1 (--truncate-target) empties these tables';
  const merge = `--keep-target-rows ${quoteShell(tables.map(({ source }) => source).join(','))}`;
  // Made again, it would be a translation, which does not fit the framework's models.
  const again = framework === null ? ', RESET_PUBLIC_SCHEMA=1 (--reset-schema) makes the whole schema again' : '';
  const hint = `${replace}${again}; to keep them: ${merge} merges by key, or name another schema with ?schema= in the target url`;
  return [makeFinding({ severity: 'error', code: 'plan.target_has_rows', message, hint }), ...equal];
}

function inWords(differing: string | undefined): string {
  return differing === undefined ? '' : ` (${differing})`;
}

function noteEqual({ source }: TableFit): Finding {
  const message = 'the target holds rows that pgferry did not load, all of which the source has with the same values';
  const hint = 'nothing to do: they are loaded anew';
  return makeFinding({ severity: 'note', code: 'plan.equal_rows', table: source.name, message, hint });
}
