import type { Finding } from '../../model/plan.js';
import type { TargetCatalog } from '../../model/target.js';
import { makeFinding } from '../findings/finding.js';
import { quoteShell } from '../../lib/shell-word.js';
import { quoteIdentifier } from '../../lib/quote.js';

/** Whether the tables, and the ledger where one is needed, can be made: everything in the way, before the first try. */
export function checkMaking(target: TargetCatalog, { needsLedger }: { readonly needsLedger: boolean }): Finding[] {
  return [...checkServer(target), ...checkCreating(target), ...(needsLedger ? checkLedger(target) : [])];
}

/** Whether the server can be written to at all, and can hold every text. */
export function checkServer(target: TargetCatalog): Finding[] {
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
  return findings;
}

/** Whether the schema is there, and our role may reach its tables. */
export function checkReading(target: TargetCatalog): Finding[] {
  const { schema } = target;
  if (!target.schemaExists) {
    const message = `the schema ${schema} is not there`;
    return [makeFinding({ severity: 'error', code: 'plan.schema_missing', message, hint: 'run `pgferry init`' })];
  }
  if (target.canUseSchema) return [];
  return [rightsFinding(target, `USAGE on the schema ${schema}`, `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)}`)];
}

/** Whether our role may keep the ledger of its runs. */
export function checkLedger(target: TargetCatalog): Finding[] {
  if (target.canKeepLedger) return [];
  const role = quoteIdentifier(target.role);
  const ledger = quoteIdentifier(target.ledgerSchema);
  if (!target.ledgerSchemaExists) {
    const finding = rightsFinding(
      target,
      `CREATE on the database ${target.database}, for the ledger`,
      grantCreate(target),
    );
    const own = `as its owner: CREATE SCHEMA ${ledger} AUTHORIZATION ${role};`;
    // Where the tables may be made the ledger's may stand beside them.
    const beside = target.canCreateInSchema
      ? `, or beside the tables: --ledger-schema ${quoteShell(target.schema)}`
      : '';
    return [{ ...finding, hint: `${finding.hint} (or, ${own}${beside})` }];
  }
  const grants = `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${ledger} TO ${role}; GRANT USAGE, CREATE ON SCHEMA ${ledger}`;
  return [rightsFinding(target, `rights on the ledger in schema ${target.ledgerSchema}`, grants)];
}

function checkCreating(target: TargetCatalog): Finding[] {
  const { schema } = target;
  if (!target.schemaExists) {
    if (target.canCreateInDatabase) return [];
    return [
      rightsFinding(target, `CREATE on the database ${target.database}, to make the schema`, grantCreate(target)),
    ];
  }
  if (target.canCreateInSchema && target.canUseSchema) return [];
  const grant = `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(schema)}`;
  return [rightsFinding(target, `CREATE on the schema ${schema}, to make the tables`, grant)];
}

function grantCreate({ database }: TargetCatalog): string {
  return `GRANT CREATE ON DATABASE ${quoteIdentifier(database)}`;
}

function rightsFinding({ role }: TargetCatalog, what: string, grant: string): Finding {
  const message = `the role ${role} lacks ${what}`;
  return makeFinding({
    severity: 'error',
    code: 'plan.no_rights',
    message,
    hint: `${grant} TO ${quoteIdentifier(role)};`,
  });
}
