import type { ColumnPlan } from '../../model/plan.js';
import { type CellBatch, Storage } from '../../model/value.js';
import { type RecomputedRule, recomputedRules } from '../../lib/recomputed.js';
import { numberOf, textOf } from '../canonical-cell.js';
import { type DecimalRounding, hasAllDigits, normalizeDecimal, roundDecimal } from '../decimal.js';
import { cutMomentText, cutNumberMoment } from './cut-moment.js';

/** A rule that the ledger says the copy applied to values of a column. */
export interface AppliedRule {
  readonly column: string;
  readonly hazard: string;
  readonly rule: string;
}

/** What a rule makes of a cell, by this side's own account of the rule; null where the value stays as it is. */
type Recompute = (batch: CellBatch, cell: number, column: ColumnPlan) => Recomputed | null;
interface Recomputed {
  readonly bytes: Buffer;
  readonly storage: number;
}

const recomputations: Readonly<Record<RecomputedRule, Recompute>> = {
  'text_in_blob utf8': fromText((bytes) => bytes),
  'text_in_blob hex': fromText((bytes) => Buffer.from(bare(bytes).replace(/^(\\x|0x)/i, ''), 'hex')),
  'text_in_blob base64': fromText((bytes) => Buffer.from(bare(bytes), 'base64')),
  'blob_in_text utf8': fromBlob((bytes) => bytes),
  'blob_in_text hex': fromBlob((bytes) => Buffer.from(bytes.toString('hex'))),
  'blob_in_text base64': fromBlob((bytes) => Buffer.from(bytes.toString('base64'))),
  'nul_byte strip': changedText((text) => text.replaceAll('\0', '')),
  'nul_byte escape': changedText((text) => text.replaceAll('\0', '\\u0000')),
  'json_nul strip': changedText((json) =>
    json.replaceAll(/\\u0000|\\[\s\S]/g, (part) => (part === '\\u0000' ? '' : part)),
  ),
  'too_long truncate': changedText(firstCharacters),
  'inexact round': roundNumber('half-up'),
  'inexact round-half-even': roundNumber('half-even'),
  'inexact truncate': roundNumber('down'),
  'precision_loss round': cutMoment(true),
  'precision_loss truncate': cutMoment(false),
  'not_a_bool nonzero': toTruth,
};

/**
 * The cells of the source as the rules that were applied make them, each worked out anew from the value. Every rule leaves
 * what fits as it is, so a cell that no rule had to change stays the same.
 */
export function recomputer(
  columns: readonly ColumnPlan[],
  rules: readonly AppliedRule[],
): ((batch: CellBatch) => CellBatch) | null {
  const work = columns.flatMap((column, index) => {
    const own = rules.filter((one) => one.column === column.source).map(({ hazard, rule }) => `${hazard} ${rule}`);
    const steps = recomputedRules.filter((name) => own.includes(name)).map((name) => recomputations[name]);
    return steps.length === 0 ? [] : [{ column, index, steps }];
  });
  if (work.length === 0) return null;
  return (batch) => {
    const changing = new ChangedBatch(batch);
    for (const { column, index, steps } of work) {
      for (let cell = index; cell < batch.rowCount * batch.columnCount; cell += batch.columnCount) {
        for (const step of steps) {
          if (changing.now.storage[cell] === Storage.Null) break;
          changing.set(cell, step(changing.viewOf(cell), cell, column));
        }
      }
    }
    return changing.finish();
  };
}

/** A batch some of whose cells are replaced; the bytes of new cells come behind the others. */
class ChangedBatch {
  readonly now: CellBatch;
  readonly #parts: Buffer[] = [];
  #length: number;
  /** The cell replaced last, which further rules may look at. */
  #last: { readonly cell: number; readonly batch: CellBatch } | null = null;

  constructor(batch: CellBatch) {
    const { start, end, storage, number } = batch;
    this.now = { ...batch, start: start.slice(), end: end.slice(), storage: storage.slice(), number: number.slice() };
    this.#length = batch.bytes.length;
  }

  viewOf(cell: number): CellBatch {
    return this.#last?.cell === cell ? this.#last.batch : this.now;
  }

  set(cell: number, value: Recomputed | null): void {
    if (value === null) return;
    const { bytes, storage } = value;
    this.now.storage[cell] = storage;
    this.now.start[cell] = this.#length;
    this.#length += bytes.length;
    this.now.end[cell] = this.#length;
    if (storage === Storage.Real) this.now.number[cell] = Number(bytes.toString('latin1'));
    this.#parts.push(bytes);
    const [start, end] = [new Int32Array(cell + 1), new Int32Array(cell + 1).fill(bytes.length, cell)];
    this.#last = { cell, batch: { ...this.now, bytes, start, end } };
  }

  finish(): CellBatch {
    if (this.#parts.length > 0) this.now.bytes = Buffer.concat([this.now.bytes, ...this.#parts]);
    return this.now;
  }
}

function bytesOf(batch: CellBatch, cell: number): Buffer {
  return batch.bytes.subarray(batch.start[cell], batch.end[cell]);
}

function bare(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[\r\n]/g, '');
}

function fromText(make: (bytes: Buffer) => Buffer): Recompute {
  return (batch, cell) =>
    batch.storage[cell] === Storage.Text ? { bytes: make(bytesOf(batch, cell)), storage: Storage.Blob } : null;
}

function fromBlob(make: (bytes: Buffer) => Buffer): Recompute {
  return (batch, cell) =>
    batch.storage[cell] === Storage.Blob ? { bytes: make(bytesOf(batch, cell)), storage: Storage.Text } : null;
}

function changedText(change: (text: string, column: ColumnPlan) => string): Recompute {
  return (batch, cell, column) => {
    if (batch.storage[cell] !== Storage.Text) return null;
    const text = textOf(batch, cell);
    const changed = change(text, column);
    return changed === text ? null : { bytes: Buffer.from(changed), storage: Storage.Text };
  };
}

function firstCharacters(text: string, { kind }: ColumnPlan): string {
  const max = kind.tag === 'text' ? kind.maxChars : kind.tag === 'char' ? kind.chars : null;
  if (max === null || text.length <= max) return text;
  let units = 0;
  for (let characters = 0; characters < max && units < text.length; characters += 1) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, units);
}

function roundNumber(rounding: DecimalRounding): Recompute {
  return (batch, cell, { kind }) => {
    const storage = batch.storage[cell];
    if (storage === Storage.Blob) return null;
    if (kind.tag === 'float4' || kind.tag === 'float8') {
      // A number that no double holds; the nearest one is what the rule makes of it.
      const text = textOf(batch, cell);
      const nearest = { bytes: Buffer.from(String(Number(text))), storage: Storage.Real };
      if (storage === Storage.Integer) return nearest;
      const isNumber = storage === Storage.Text && normalizeDecimal(text) !== null && Number.isFinite(Number(text));
      return isNumber && !hasAllDigits(text) ? nearest : null;
    }
    if (kind.tag !== 'numeric') return null;
    const isReal = storage === Storage.Real;
    const rounded = roundDecimal(isReal ? String(numberOf(batch, cell)) : textOf(batch, cell), kind.scale ?? 0, {
      rounding,
      isReal,
    });
    return rounded === null ? null : { bytes: Buffer.from(rounded), storage: Storage.Text };
  };
}

function cutMoment(isRounded: boolean): Recompute {
  return (batch, cell, { kind }) => {
    if (kind.tag !== 'timestamp' && kind.tag !== 'timestamptz' && kind.tag !== 'time') return null;
    const storage = batch.storage[cell];
    const { precision } = kind;
    let cut: string | null = null;
    if (storage === Storage.Text) cut = cutMomentText(textOf(batch, cell), precision, isRounded);
    else if (kind.tag !== 'time' && storage !== Storage.Blob) {
      const isReal = storage === Storage.Real;
      const unit = isReal ? (kind.realUnit ?? kind.unit) : kind.unit;
      cut = cutNumberMoment(isReal ? String(numberOf(batch, cell)) : textOf(batch, cell), unit, precision, isRounded);
    }
    return cut === null ? null : { bytes: Buffer.from(cut), storage: Storage.Text };
  };
}

function toTruth(batch: CellBatch, cell: number): Recomputed | null {
  const storage = batch.storage[cell];
  if (storage !== Storage.Integer && storage !== Storage.Real) return null;
  const isZero = Number(storage === Storage.Real ? numberOf(batch, cell) : textOf(batch, cell)) === 0;
  return { bytes: Buffer.from(isZero ? '0' : '1'), storage: Storage.Integer };
}
