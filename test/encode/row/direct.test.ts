import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directField } from '../../../src/encode/row/direct.js';
import type { TimeUnit } from '../../../src/model/kind.js';

test('whole numbers are moments for the kernel only where their target keeps all digits of their unit', () => {
  const isDirect = (precision: number, unit: TimeUnit): boolean => {
    const field = directField({ tag: 'timestamp', precision, unit }, null);
    return field.tag === 'moment' && field.factor > 0;
  };
  assert.deepEqual(
    [isDirect(0, 's'), isDirect(0, 'ms'), isDirect(3, 'ms'), isDirect(3, 'us'), isDirect(6, 'us'), isDirect(6, 'ns')],
    [true, false, true, false, true, false],
  );
});
