import type { ColumnTrial, ConvertedExample } from '../../model/census.js';
import { zonedElements } from '../../lib/time/zoned-elements.js';
import type { Kind } from '../../model/kind.js';
import type { RowView } from '../../model/value.js';
import { isDatedInterval } from '../time/interval-text.js';
import { hasNaiveElement } from '../column/held-elements.js';
import { createMoment } from '../time/temporal.js';
import { clockOfDatedTime, createTemporalReader } from '../time/temporal-text.js';
import { hasDoubledKeys } from '../value/json-keys.js';
import { countCodePoints } from '../value/utf8.js';

/** What is counted of texts that arrive, since it should be known. */
const remarks = ['naive', 'instant', 'stoodFor', 'padded', 'doubled'] as const;
type Remark = (typeof remarks)[number];
type Counted = NonNullable<ColumnTrial[Remark]>;

/** Counts, in one column, the texts that arrive in another way than they are written. */
export class Remarks {
  readonly #isOf: ((view: RowView, start: number, end: number) => boolean) | null;
  readonly #remark: Remark;
  #counted: Counted | null = null;

  constructor(kind: Kind) {
    const { remark, isOf } = remarkOf(kind) ?? { remark: 'naive', isOf: null };
    this.#remark = remark;
    this.#isOf = isOf;
  }

  /** Takes a text that was just encoded. */
  add(view: RowView, index: number, example: () => ConvertedExample): void {
    if (this.#isOf?.(view, view.start[index] as number, view.end[index] as number) !== true) return;
    this.#counted = { count: (this.#counted?.count ?? 0) + 1, example: this.#counted?.example ?? example() };
  }

  result(): Pick<ColumnTrial, Remark> {
    return this.#counted === null ? {} : { [this.#remark]: this.#counted };
  }
}

interface Watch {
  readonly remark: Remark;
  readonly isOf: (view: RowView, start: number, end: number) => boolean;
}

/** What is to be said of the texts of a kind, null where nothing is. */
function remarkOf(kind: Kind): Watch | null {
  const isZoned = kind.tag === 'timestamptz' || (kind.tag === 'timestamp' && kind.targetZone !== undefined);
  if (isZoned && kind.zone === undefined)
    return { remark: 'naive', isOf: momentTest(kind.pattern, (offset) => offset === null) };
  if (kind.tag === 'timestamp' && kind.targetZone === undefined)
    return { remark: 'instant', isOf: momentTest(kind.pattern, (offset) => offset !== null) };
  if (kind.tag === 'time')
    return {
      remark: 'stoodFor',
      isOf: ({ bytes }, ...at) => clockOfDatedTime(bytes.toString('latin1', ...at)) !== null,
    };
  const held = zonedElements(kind);
  if (held !== null)
    return { remark: 'naive', isOf: ({ bytes }, ...at) => hasNaiveElement(bytes.toString('latin1', ...at), held) };
  if (kind.tag === 'literal' && kind.form?.tag === 'interval')
    return { remark: 'stoodFor', isOf: ({ bytes }, ...at) => isDatedInterval(bytes.toString('latin1', ...at)) };
  if (kind.tag === 'jsonb') return { remark: 'doubled', isOf: ({ bytes }, ...at) => hasDoubledKeys(bytes, ...at) };
  if (kind.tag === 'char')
    return { remark: 'padded', isOf: ({ bytes }, ...at) => countCodePoints(bytes, ...at) < kind.chars };
  return null;
}

/** A moment with such an offset, which is null where it has none. */
function momentTest(pattern: string | undefined, isWanted: (offsetMinutes: number | null) => boolean): Watch['isOf'] {
  const reader = createTemporalReader(pattern);
  const moment = createMoment();
  return ({ bytes }, start, end) =>
    reader.timestamp(moment, bytes, start, end) && moment.infinite === 0 && isWanted(moment.offsetMinutes);
}

/** Adds up the remarks of a column's parts. */
export function mergeRemarks(parts: readonly ColumnTrial[]): Pick<ColumnTrial, Remark> {
  const merged = remarks.map((remark) => {
    const all = parts.flatMap((part) => part[remark] ?? []);
    const [first] = all;
    if (first === undefined) return {};
    return { [remark]: { count: all.reduce((sum, { count }) => sum + count, 0), example: first.example } };
  });
  return Object.assign({}, ...merged);
}
