import type { Finding, TargetCatalog, TargetTable } from '../model.js';
import { makeFinding } from './finding.js';
import type { TableFit } from './fit.js';
import { quoteName, quotePath } from './names.js';

export interface ReadinessRequest {
  readonly target: TargetCatalog;
  readonly tables: readonly TableFit[];
  readonly truncateTarget: boolean;
  /** Source names of tables whose rows an earlier run of this tool loaded. */
  readonly replaceable: ReadonlySet<string>;
}

/** Whether the server and the tables can take the rows: everything in the way, all at once. */
export function checkReadiness(request: ReadinessRequest): Finding[] {
  return [
    ...checkServer(request.target),
    ...request.tables.flatMap((fit) => checkTable(fit)),
    ...checkRights(request),
    ...checkRows(request),
  ];
}

function checkServer(target: TargetCatalog): Finding[] {
  const findings: Finding[] = [];
  if (target.encoding !== 'UTF8') {
    const hint = `make a new one: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`;
    const message = `the database ${target.database} has the encoding ${target.encoding}, which cannot hold every text`;
    findings.push(makeFinding({ severity: 'error', code: 'plan.encoding', message, hint }));
  }
  if (target.isReadOnly) {
    const message = 'the server takes no writes: it is a standby or default_transaction_read_only is on';
    const hint = 'point the target at the primary, or turn default_transaction_read_only off';
    findings.push(makeFinding({ severity: 'error', code: 'plan.read_only', message, hint }));
  }
  if (!target.schemaExists) {
    const message = `the schema ${target.schema} is not there`;
    findings.push(makeFinding({ severity: 'error', code: 'plan.schema_missing', message, hint: 'run `pgferry init`' }));
  }
  return findings;
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
  return findings;
}

/** TRUNCATE is needed only where rows must go first. */
function checkRights(request: ReadinessRequest): Finding[] {
  const { target, truncateTarget, replaceable } = request;
  return request.tables.flatMap(({ source, target: table }) => {
    const mustTruncate = truncateTarget || replaceable.has(source.name);
    const missing = table.missingPrivileges.filter((privilege) => privilege !== 'TRUNCATE' || mustTruncate);
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
  return `GRANT ${privileges.join(', ')} ON ${quotePath(table.schema, table.name)} TO ${quoteName(role)};`;
}

function checkRows(request: ReadinessRequest): Finding[] {
  if (request.truncateTarget) return [];
  const names = request.tables
    .filter(({ source, target }) => target.hasRows && !request.replaceable.has(source.name))
    .map(({ target }) => target.name);
  if (names.length === 0) return [];
  const message = `${names.length} target tables already hold rows that this tool did not load: ${names.join(', ')}`;
  const hint = 'set TRUNCATE_TARGET=1 to empty them before the copy, or copy into an empty schema';
  return [makeFinding({ severity: 'error', code: 'plan.target_has_rows', message, hint })];
}
