/** A quarantined row as one line of JSON is made from it. */
export interface QuarantineLine {
  readonly table: string;
  readonly state: string;
  readonly key: string;
  readonly column: string | null;
  readonly hazard: string;
  readonly rule: string;
  readonly reason: string;
  readonly original: LineCells;
  readonly changed: (LineCells & { readonly columns: readonly number[] }) | null;
}

interface LineCells {
  readonly storage: string;
  readonly cells: readonly (Buffer | null)[];
}

const storageNames: Readonly<Record<string, string>> = { n: 'null', i: 'integer', r: 'real', t: 'text', b: 'blob' };
/** Bytes of a value that become hex at a time. */
const sliceBytes = 65_536;
/** A UTF-8 text up to this length is also written readable. */
const textBytesMax = 1024;

/**
 * One line of the quarantine file in pieces, so that no value is a string as a whole: table, key, state, column, hazard,
 * rule, reason, and every cell with its storage class: integers in `value`, reals in `value` and `hex` (the double's eight
 * bytes), texts and blobs in `hex` (their very bytes). `names` are the table's columns in their order.
 */
export function* quarantineLine(row: QuarantineLine, names: readonly string[]): Generator<string, void, void> {
  const { original, changed, ...note } = row;
  const head = JSON.stringify(note);
  yield `${head.slice(0, -1)},"cells":[`;
  yield* cellsOf(original, names);
  yield ']';
  if (changed !== null) {
    yield ',"changed":[';
    yield* cellsOf(
      changed,
      changed.columns.map((column) => names[column] ?? ''),
    );
    yield ']';
  }
  yield '}\n';
}

function* cellsOf({ storage, cells }: LineCells, names: readonly string[]): Generator<string, void, void> {
  for (const [i, cell] of cells.entries()) {
    const letter = storage[i] ?? 'n';
    yield `${i === 0 ? '' : ','}{"column":${JSON.stringify(names[i] ?? '')},"storage":"${storageNames[letter]}"`;
    if (cell !== null) yield* hexOf(letter, cell);
    yield '}';
  }
}

/** The shortest digits that read back as the same double. */
function realText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function* hexOf(letter: string, cell: Buffer): Generator<string, void, void> {
  if (letter === 'i') {
    yield `,"value":"${cell.toString('latin1')}"`;
    return;
  }
  if (letter === 'r') yield `,"value":"${realText(cell.readDoubleBE(0))}"`;
  const text = letter === 't' && cell.length <= textBytesMax ? cell.toString('utf8') : null;
  if (text !== null && Buffer.from(text).equals(cell)) yield `,"text":${JSON.stringify(text)}`;
  yield ',"hex":"';
  for (let at = 0; at < cell.length; at += sliceBytes) yield cell.toString('hex', at, at + sliceBytes);
  yield '"';
}
