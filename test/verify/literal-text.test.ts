import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiteralForm } from '../../src/model/kind.js';
import { Storage } from '../../src/model/value.js';
import { literalText } from '../../src/verify/literal-text.js';
import { literalEncoder } from '../../src/encode/column/literal-column.js';
import { Misfit } from '../../src/encode/value/misfit.js';
import { scratchBlock } from '../../src/encode/row/block.js';

const money = (digits: number | null): LiteralForm => ({ tag: 'array', held: { of: 'money', digits } });
const oids: LiteralForm = { tag: 'array', held: { of: 'unsigned' } };
const threes: LiteralForm = { tag: 'array', held: { of: 'characters', max: 3 } };
const chars: LiteralForm = { tag: 'array', held: { of: 'bytes', max: 1 } };

function array(of: 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' | 'numeric', digits = 6): LiteralForm {
  return { tag: 'array', held: { of, digits } };
}

/** Texts that PostgreSQL takes, and of which it keeps all, or not. */
const texts: readonly [LiteralForm, boolean, readonly string[]][] = [
  [array('date'), true, ['{2024-01-01,infinity}', '{2024-01-01 00:00:00+00}', '[0:20]={2024-01-01}']],
  [array('date'), false, ['{2024-01-01 00:00:01}', '{2024-01-01 10:00}', '{2024-01-01 00:00+02}', '{yesterday}']],
  [array('time'), true, ['{10:00,NULL}', '{1970-01-01 10:00:00.5}', '{"10:00 PM"}']],
  [array('time'), false, ['{2024-01-01 10:00}', '{10:00+02}', '{now}']],
  [array('timetz'), true, ['{10:00+02,10:00:00.25Z}']],
  [array('timetz'), false, ['{2024-06-01 12:30+02}']],
  [array('timestamp'), true, ['{2024-01-01 10:00:00.5,-infinity}', '{2024-01-01 10:00Z}', '{"Jan 8, 1999 10:00 UTC"}']],
  [array('timestamp'), false, ['{2024-01-01 10:00-0530}', '{2024-01-01 10:00:00.5 EST}', '{tomorrow}']],
  [array('timestamptz'), true, ['{2024-01-01 10:00:00.5 EST,2024-01-01 10:00+02}']],
  [array('timestamptz'), false, ['{now}']],
  [array('timestamp', 0), true, ['{2024-01-01 10:00:00.00}']],
  [array('timestamp', 0), false, ['{2024-01-01 10:00:00.5}']],
  [array('numeric', 2), true, ['{1.50,NaN}']],
  [array('numeric', 2), false, ['{1.505}']],
  [{ tag: 'range', held: { of: 'timestamp', digits: 6 } }, true, ['[2024-01-01 10:00,)', 'empty']],
  [{ tag: 'range', held: { of: 'timestamp', digits: 6 } }, false, ['[2024-01-01 10:00+02,)']],
  [{ tag: 'clock', digits: 6 }, true, ['10:00', ' 9:00:00.5+02', '1970-01-01 10:00+02', 'T101500+02']],
  [{ tag: 'clock', digits: 6 }, false, ['2024-06-01 10:00', '1230', 'now']],
  [money(2), true, ['{1.50,NULL}', '{"$1,234.50",-.5}', '{{1,null},{"(2.00)",3}}', '[0:1]={1,2.10}']],
  [money(2), false, ['{1.505}', '{"12,34"}', '{1,"1,2,3.4"}', '{"1.2,345"}']],
  [money(0), true, ['{1.0,12}']],
  [money(0), false, ['{1.5}']],
  [money(null), false, ['{1.5}', '{1}']],
  [{ tag: 'digits', digits: 2 }, true, ['1', '-$1,234.50', '(5.1)', '5-', '1234567.89', '1.200']],
  [{ tag: 'digits', digits: 2 }, false, ['1.999', '12,34', '1,2345', ',5', '12,345,6.00', '1.00,5']],
  [{ tag: 'digits', digits: null }, false, ['1', '1.5']],
  [oids, true, ['{1,NULL}', '[0:1]={1,2}']],
  [oids, false, ['{-1}', '{1,{2," -3"}}']],
  [{ tag: 'unsigned' }, true, ['1']],
  [{ tag: 'unsigned' }, false, [' -1']],
  [threes, true, ['{abc,NULL,"a,b","\\"é\\""}', '{é漢😀}']],
  [threes, false, ['{"ab  "}', '{ab,"a,bc"}', '{"NULL"}']],
  [chars, true, ['{a,NULL,"","\\""}']],
  [chars, false, ['{ab}', '{é}', '{"a "}']],
  [{ tag: 'byte' }, true, ['a', '']],
  [{ tag: 'byte' }, false, ['ab', 'é']],
];

function isTaken(form: LiteralForm, text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    literalEncoder(form).text(scratchBlock(256), bytes, 0, bytes.length);
    return true;
  } catch (error) {
    if (error instanceof Misfit) return false;
    throw error;
  }
}

test('what the server would drop of times is refused by the copy, and differs for the proof, each by code of its own', () => {
  for (const [form, isKept, all] of texts) {
    for (const text of all) {
      assert.equal(isTaken(form, text), isKept, `copy of ${text} as ${JSON.stringify(form)}`);
      assert.equal(
        literalText(text, Storage.Text, form) === text,
        isKept,
        `proof of ${text} as ${JSON.stringify(form)}`,
      );
    }
  }
});

test('elements of numeric(p,s) are compared with the digits that it prints', () => {
  const compared = (text: string) => literalText(text, Storage.Text, array('numeric', 2));
  assert.equal(compared('{{1.5,NaN},{NULL,"-.5"}}'), '{{1.50,NaN},{NULL,"-0.50"}}');
  assert.equal(compared('[1.25,15e-1]'), '{1.25,1.50}');
  assert.equal(compared('[1.255,15e-1]'), 'not kept: [1.255,15e-1]');
  assert.equal(compared('[0:1]={1,2}'), '[0:1]={1.00,2.00}');
});
