import type { Kind } from '../../model/kind.js';
import { type RowView, Storage } from '../../model/value.js';
import { createMoment } from '../time/temporal.js';
import { createTemporalReader, type TemporalReader } from '../time/temporal-text.js';

const dates = [
  'DD.MM.YYYY',
  'DD/MM/YYYY',
  'MM/DD/YYYY',
  'DD-MM-YYYY',
  'MM-DD-YYYY',
  'YYYY.MM.DD',
  'YYYY-DD-MM',
  'DD.MM.YY',
  'DD/MM/YY',
  'MM/DD/YY',
  'YY-MM-DD',
  'YY/MM/DD',
  'DD-MON-YY',
  'DD MON YY',
  'MON DD YYYY',
  'MON DD, YYYY',
  'DD. MON YYYY',
];
const clocks = ['HH24:MI', 'HH24:MI:SS', 'HH24:MI:SS.FF', 'HH12:MI AM', 'HH12:MI:SS AM', 'HH12:MIAM', 'HH12:MI:SSAM'];
const moments = dates.flatMap((date) => [
  date,
  ...clocks.flatMap((clock) => [`${date} ${clock}`, `${date}, ${clock}`]),
]);
const times = [...clocks.slice(3), 'HH24.MI', 'HH24.MI.SS', 'HH24-MI-SS', 'HH24MI', 'HH24MISS'];

/** Codes of texts that could not be read; others are of moments that were. */
const unreadCodes: readonly string[] = ['data.not_a_date', 'data.not_a_time', 'data.not_a_timestamp'];

/** The usual patterns by which texts may be read that no one form says. */
export class PatternTrial {
  readonly #tag: Kind['tag'];
  readonly #moment = createMoment();
  readonly #readers = new Map<string, TemporalReader>();

  constructor({ tag }: Kind) {
    this.#tag = tag;
  }

  /**
   * Those of the known patterns, all where none are given, by which a value of a row that was refused with this code is one of
   * the kind.
   */
  reading(
    view: RowView,
    index: number,
    { code, known }: { readonly code: string; readonly known: readonly string[] | undefined },
  ): readonly string[] {
    const patterns = unreadCodes.includes(code) ? (known ?? this.#all()) : [];
    if (patterns.length === 0 || view.storage[index] !== Storage.Text) return [];
    const [start, end] = [view.start[index] as number, view.end[index] as number];
    return patterns.filter((pattern) => this.#reads(pattern, view.bytes, start, end));
  }

  #all(): readonly string[] {
    if (this.#tag === 'time') return times;
    return this.#tag === 'date' || this.#tag === 'timestamp' || this.#tag === 'timestamptz' ? moments : [];
  }

  #reads(pattern: string, ...at: readonly [Buffer, number, number]): boolean {
    const reader = this.#readers.get(pattern) ?? createTemporalReader(pattern);
    this.#readers.set(pattern, reader);
    if (this.#tag === 'time') return reader.time(this.#moment, ...at);
    return reader.timestamp(this.#moment, ...at) && (this.#tag !== 'date' || this.#moment.micros === 0);
  }
}
