import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetCatalog } from '../../../src/model/target.js';
import { checkLedger, checkMaking, checkReading } from '../../../src/plan/schema/making.js';
import { buildPlan } from '../../../src/plan/build.js';
import { emptyCensus, sourceCatalog, sourceTable, targetCatalog, targetTable } from '../fixtures.js';

const bare: Partial<TargetCatalog> = {
  role: 'bare',
  canCreateInDatabase: false,
  canCreateInSchema: false,
  canUseSchema: false,
  canKeepLedger: false,
};

test('a role that may do everything is let through', () => {
  assert.deepEqual(checkMaking(targetCatalog([]), { needsLedger: true }), []);
});

test('all that a bare role lacks is listed at once, each with its GRANT', () => {
  const hints = checkMaking(targetCatalog([], bare), { needsLedger: true }).map(({ hint }) => hint);
  assert.deepEqual(hints, [
    'GRANT USAGE, CREATE ON SCHEMA "public" TO "bare";',
    'GRANT CREATE ON DATABASE "d" TO "bare"; (or, as its owner: CREATE SCHEMA "pgferry" AUTHORIZATION "bare";)',
  ]);
});

test('init alone needs no ledger', () => {
  const codes = checkMaking(targetCatalog([], { ...bare, canCreateInSchema: true, canUseSchema: true }), {
    needsLedger: false,
  });
  assert.deepEqual(codes, []);
});

test('where the schema is not there, the right to make it is what counts', () => {
  const missing = { schemaExists: false, canCreateInSchema: false };
  assert.deepEqual(checkMaking(targetCatalog([], missing), { needsLedger: false }), []);
  const [finding] = checkMaking(targetCatalog([], { ...missing, canCreateInDatabase: false }), { needsLedger: false });
  assert.equal(finding?.hint, 'GRANT CREATE ON DATABASE "d" TO "app ""x""";');
});

test('a read-only server and an encoding that cannot hold every text are refused before the first statement', () => {
  const codes = checkMaking(targetCatalog([], { isReadOnly: true, encoding: 'SQL_ASCII' }), { needsLedger: true });
  assert.deepEqual(
    codes.map(({ code, severity }) => `${severity} ${code}`),
    ['error plan.encoding', 'error plan.read_only'],
  );
});

test('a ledger that belongs to somebody else comes with the GRANTs on its schema and tables', () => {
  const [finding] = checkLedger(targetCatalog([], { ...bare, ledgerSchemaExists: true }));
  assert.match(finding?.hint ?? '', /GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "pgferry" TO "bare";/);
  assert.match(finding?.hint ?? '', /GRANT USAGE, CREATE ON SCHEMA "pgferry" TO "bare";/);
});

test('a schema that may not be entered is named', () => {
  const [finding] = checkReading(targetCatalog([], bare));
  assert.equal(finding?.message, 'the role bare lacks USAGE on the schema public');
});

test('to compare, a role needs to read and nothing else', () => {
  const privileges = ['SELECT', 'INSERT', 'UPDATE', 'TRUNCATE'];
  const codes = (missingPrivileges: readonly string[]) => {
    const target = targetTable({ missingPrivileges, isOwned: false, hasRows: true, isUnlogged: true, triggers: ['x'] });
    return buildPlan({
      source: sourceCatalog([sourceTable()]),
      target: targetCatalog([target], { ...bare, canUseSchema: true, isReadOnly: true }),
      census: emptyCensus([sourceTable()]),
      chunksOf: () => [],
      violations: [],
      options: {
        tables: null,
        exclude: [],
        keepConstraints: false,
        truncateTarget: false,
        isComparison: true,
        replaceable: new Set(),
        format: 'binary',
        isFormatForced: false,
      },
    }).findings.map(({ code, hint }) => `${code} ${hint}`);
  };
  assert.deepEqual(codes(privileges.slice(1)), []);
  assert.deepEqual(codes(privileges), ['plan.no_rights GRANT SELECT ON "public"."t" TO "bare";']);
});
