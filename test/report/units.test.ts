import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, formatBytes, formatCount, formatDuration, sanitize } from '../../src/report/units.js';

test('a count is grouped by thousands', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0'],
    [999, '999'],
    [1000, '1 000'],
    [1234567, '1 234 567'],
    [999.6, '1 000'],
  ];
  for (const [count, text] of rows) assert.equal(formatCount(count), text);
});

test('bytes are given in the unit that leaves one to three digits before the point', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [999_400, '999 kB'],
    [999_600, '1.0 MB'],
    [1_234_567_890, '1.2 GB'],
    [5e15, '5000 TB'],
  ];
  for (const [bytes, text] of rows) assert.equal(formatBytes(bytes), text);
});

test('a duration is given in the units in which a person would', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [840, '840 ms'],
    [999.6, '1.0 s'],
    [1000, '1.0 s'],
    [12_340, '12.3 s'],
    [59_960, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [7_380_000, '2 h 03 min'],
  ];
  for (const [durationMs, text] of rows) assert.equal(formatDuration(durationMs), text);
});

test('no character that drives a terminal, ends a line or turns the reading direction survives', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['plain “text”, 数据 🚀', 'plain “text”, 数据 🚀'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
    ['\u009b2J\u007f\u0000', '\\u009b2J\\u007f\\u0000'],
    ['\u2028\u202eevil\u2066', '\\u2028\\u202eevil\\u2066'],
  ];
  for (const [text, safe] of rows) assert.equal(sanitize(text), safe);
});

test('wide characters count two columns, the bar and the dots one', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['', 0],
    ['abc', 3],
    ['█░·…', 4],
    ['数据', 4],
    ['a🚀b', 4],
    ['한', 2],
  ];
  for (const [text, width] of rows) assert.equal(displayWidth(text), width, text);
});
