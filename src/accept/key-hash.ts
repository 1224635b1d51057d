import { createHash } from 'node:crypto';

/** Rows and SHA-256 of lines, taken in piece by piece. */
export interface LineHash {
  readonly rows: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Told now and then how many rows more were taken in. */
export type OnRows = (count: number) => void;

const newline = 10;
/** Lines are handed to the hash in pieces of about this many characters: a call costs more than the bytes. */
const pieceChars = 64 * 1024;

/** Hashes texts, each with a line feed behind it. */
export function hashLines(lines: Iterable<string>, onRows: OnRows = () => {}): LineHash {
  const hash = createHash('sha256');
  let rows = 0;
  let reported = 0;
  let piece = '';
  for (const line of lines) {
    rows += 1;
    piece += `${line}\n`;
    if (piece.length < pieceChars) continue;
    hash.update(Buffer.from(piece));
    piece = '';
    onRows(rows - reported);
    reported = rows;
  }
  hash.update(Buffer.from(piece));
  return { rows, sha256: hash.digest('hex') };
}

/** Hashes bytes that consist of such lines already. */
export async function hashPieces(pieces: AsyncIterable<Buffer>, onRows: OnRows = () => {}): Promise<LineHash> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    const before = rows;
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, at + 1)) rows += 1;
    onRows(rows - before);
  }
  return { rows, sha256: hash.digest('hex') };
}

/** Hashes such lines in the order in which they are given, for as long as they are those of a whole side. */
export class KeyHash {
  #hash = createHash('sha256');
  #rows = 0;
  #result: LineHash | null = null;

  begin(): void {
    this.#hash = createHash('sha256');
    this.#rows = 0;
    this.#result = null;
  }

  add(lines: Buffer): void {
    this.#hash.update(lines);
    for (let at = lines.indexOf(newline); at !== -1; at = lines.indexOf(newline, at + 1)) this.#rows += 1;
  }

  end(isWhole: boolean): void {
    this.#result = isWhole ? { rows: this.#rows, sha256: this.#hash.digest('hex') } : null;
  }

  /** Null where the lines were not whole. */
  get result(): LineHash | null {
    return this.#result;
  }
}
