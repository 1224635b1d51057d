import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layBeside } from '../../../src/translate/compare/side-by-side.js';
import { translateSchema } from '../../../src/translate/translate.js';
import { tablePlan } from '../../support/table-plan.js';
import { surveySqlite } from '../../plan/fixtures.js';

const sql = `
CREATE TABLE film (id INTEGER PRIMARY KEY, n INT, m BLOB REFERENCES film (id), CHECK (n > 0), CHECK (round(n) > 1));
INSERT INTO film VALUES (1, 2, x'01');
CREATE INDEX n ON film (n);
CREATE INDEX nn ON film (n) WHERE round(n) > 1;`;

function besides(waive: readonly string[]) {
  const survey = surveySqlite(sql);
  const { findings } = translateSchema({ ...survey, targetSchema: 'public', waive });
  const plan = {
    version: 1,
    hash: '',
    tables: [tablePlan('film', ['id', 'n', 'm'])],
    layers: [],
    cycles: [],
    edges: [],
    leftOut: [],
    keepsConstraints: false,
    findings,
  } as const;
  return layBeside({ source: survey.source, plan, objects: [], reasons: [] });
}

/** What is lost, and whether the line that accepts it stands beside it. */
const rows: readonly (readonly [string, string | null])[] = [
  ['CREATE INDEX n ON film (n)', null],
  ['CREATE INDEX nn ON film (n) WHERE round(n) > 1', '"waive": ["index:nn"]'],
  ['CHECK (n > 0)', null],
  ['CHECK (round(n) > 1)', '"waive": ["check:film"]'],
  ['FOREIGN KEY (m) REFERENCES film (id) ON DELETE NO ACTION ON UPDATE NO ACTION', '"waive": ["foreign-key:film.m"]'],
];

test('what is lost has the reason and the waiver of its own finding, whether it is waived or not', () => {
  for (const waive of [[], ['index:nn', 'check:film', 'foreign-key:film.m']]) {
    const sides = besides(waive);
    for (const [source, config] of rows) {
      const side = sides.find((one) => one.source === source);
      assert.equal(side?.config, config, source);
      assert.equal(side?.reason === 'the target has none like it', config === null, source);
    }
  }
});
