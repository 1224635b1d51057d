import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CellWriter } from '../../src/encode/inverse/inverse.js';
import type { Kind } from '../../src/model/kind.js';
import type { SqliteValue } from '../../src/model/value.js';

const time: Kind = { tag: 'time', precision: 6 };
const interval: Kind = { tag: 'literal', form: { tag: 'interval', digits: 6, unit: null } };
const micros: Kind = { tag: 'literal', form: { tag: 'interval', digits: 6, unit: 'us' } };

/** Kind, the cells that the column holds, what PostgreSQL prints, and the cell that goes back. */
const cases: readonly (readonly [Kind, readonly SqliteValue[], string, SqliteValue])[] = [
  [time, ['2000-01-01 12:30:00'], '07:00:00', '2000-01-01 07:00:00'],
  [time, ['2000-01-01 12:30:00'], '07:00:00.5', '2000-01-01 07:00:00.500'],
  [time, ['12:30:00'], '07:00:00', '07:00:00'],
  [interval, ['1970-01-01 00:00:01.500000'], '-2 days -23:59:59.999995', '1969-12-29 00:00:00.000005'],
  [interval, ['1970-01-01 00:00:01.500000'], '1 day 00:00:00', '1970-01-02 00:00:00.000000'],
  [interval, ['1 day'], '1 day', '1 day'],
  [micros, [5n], '1 day 01:01:01.000001', 90_061_000_001n],
  [{ tag: 'float4' }, [73.9], '0.1', 0.1],
  [{ tag: 'float4' }, [Math.fround(73.9)], '0.1', Math.fround(0.1)],
];

for (const [kind, cells, printed, cell] of cases) {
  test(`${JSON.stringify(kind)}: beside ${String(cells)}, ${printed} goes back as ${String(cell)}`, () => {
    const writer = new CellWriter({ kind, affinity: 'numeric', declaredType: '' });
    for (const one of cells) writer.learn(one);
    assert.equal(writer.unwritable, null);
    assert.equal(writer.write(printed), cell);
  });
}
