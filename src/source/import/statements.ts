import { CopierError } from '../../model/error.js';

/*
 * Cuts a script in SQL into its statements while it is read, by the rules of the sqlite3 shell: texts and names in
 * quotes, comments, and the body of a trigger, which ends with `; END;`. Nothing but the statement at hand is held. An
 * INSERT of many rows is cut into several between its rows, so that only its largest row is.
 */

/** One statement as it stands in the script. */
export interface ScriptStatement {
  readonly bytes: Buffer;
  /** Line on which it begins, from 1. */
  readonly line: number;
  /** Its beginning without comments, in capital letters, as far as `headMax`. */
  readonly head: string;
}

type State = 'plain' | 'quoted' | 'line-comment' | 'block-comment';

const headMax = 48;
/** An INSERT that has become longer than this is cut at the end of its row. */
const rowsBytes = 1024 * 1024;

const newline = 10;
const codes = { quote: 39, doubleQuote: 34, backtick: 96, open: 91, close: 93, semicolon: 59, dash: 45, slash: 47 };
const [star, comma, leftParenthesis, rightParenthesis, dot] = [42, 44, 40, 41, 46];

export class StatementReader {
  private state: State = 'plain';
  /** The byte that ends a quoted text or name. */
  private closing = 0;
  private previous = 0;
  private depth = 0;
  private line = 1;
  private startLine = 1;
  private head = '';
  private parts: Buffer[] = [];
  private partBytes = 0;
  /** `INSERT … VALUES` of a statement that is cut between its rows. */
  private prefix: Buffer | null = null;
  /** A long INSERT that has no rows of its own. */
  private isWhole = false;

  /** The statements that end within these bytes; they are valid until the bytes are used for something else. */
  *push(chunk: Buffer): Generator<ScriptStatement> {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.state !== 'plain') {
        at = this.skip(chunk, at);
        // Only a comment can end before a statement has begun.
        if (this.head === '') from = this.restart(at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (byte === newline) this.line += 1;
      if (byte === codes.semicolon) {
        this.keep(chunk.subarray(from, at));
        from = at;
        const statement = this.end();
        if (statement !== null) yield statement;
      } else if (byte === comma && this.depth === 0 && this.isLong(at - from)) {
        this.keep(chunk.subarray(from, at - 1));
        from = at;
        const statement = this.cutRows();
        if (statement !== null) yield statement;
        else this.keep(Buffer.from(','));
      } else if (this.take(byte) && this.head === '') from = this.restart(at);
    }
    this.keep(chunk.subarray(from));
  }

  /** The last line; throws where the script ends within a statement. */
  finish(): number {
    if (this.state === 'quoted' || this.state === 'block-comment' || this.head !== '') {
      throw incomplete(`it ends within the statement that begins on line ${this.startLine}`);
    }
    return this.line;
  }

  /** Looks at one byte outside of quotes and comments. True where it belongs to no statement. */
  private take(byte: number): boolean {
    const before = this.previous;
    this.previous = byte;
    if (byte === codes.quote || byte === codes.doubleQuote || byte === codes.backtick || byte === codes.open) {
      this.enter('quoted', byte === codes.open ? codes.close : byte);
    } else if (byte === codes.dash && before === codes.dash) this.enter('line-comment', newline);
    else if (byte === star && before === codes.slash) this.enter('block-comment', codes.slash);
    else if (byte === leftParenthesis) this.depth += 1;
    else if (byte === rightParenthesis) this.depth -= 1;
    if (this.state === 'line-comment' || this.state === 'block-comment') {
      this.head = this.head.slice(0, -1);
      return false;
    }
    if (this.head === '' && byte <= 32) return true;
    if (this.head === '') {
      if (byte === dot) throw dotCommand(this.line);
      this.startLine = this.line;
    }
    if (this.head.length < headMax) this.head += byte <= 32 ? ' ' : String.fromCharCode(byte).toUpperCase();
    return false;
  }

  private enter(state: State, closing: number): void {
    this.state = state;
    this.closing = closing;
    this.previous = 0;
  }

  /** Goes on within quotes or a comment, and gives the place behind its end or behind the chunk. */
  private skip(chunk: Buffer, from: number): number {
    let end = chunk.indexOf(this.closing, from);
    if (this.state === 'block-comment') {
      while (end !== -1 && (end === from ? this.previous : chunk[end - 1]) !== star) {
        this.previous = 0;
        end = chunk.indexOf(this.closing, end + 1);
      }
    }
    const behind = end === -1 ? chunk.length : end + 1;
    const within = chunk.subarray(from, behind);
    for (let at = within.indexOf(newline); at !== -1; at = within.indexOf(newline, at + 1)) this.line += 1;
    if (this.state === 'quoted' && this.head.length < headMax) {
      this.head += within.toString('latin1', 0, headMax).toUpperCase();
    }
    this.previous = end === -1 ? (chunk[chunk.length - 1] ?? 0) : 0;
    if (end !== -1) this.state = 'plain';
    return behind;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.parts.push(part);
    this.partBytes += part.length;
  }

  /** What stood before a statement begins is dropped. */
  private restart(at: number): number {
    this.parts = [];
    this.partBytes = 0;
    return at;
  }

  private isLong(more: number): boolean {
    return !this.isWhole && this.partBytes + more > rowsBytes && /^(?:INSERT|REPLACE)\b/.test(this.head);
  }

  /** At a semicolon: the statement, or null where it goes on (a trigger) or is empty. */
  private end(): ScriptStatement | null {
    const { head, startLine: line } = this;
    const isTrigger = /^CREATE +(?:TEMP(?:ORARY)? +)?TRIGGER\b/.test(head.replace(/ +/g, ' '));
    const joined = this.join();
    this.previous = 0;
    if (isTrigger && !endsTrigger(joined)) {
      this.parts = [joined];
      return null;
    }
    const bytes = this.prefix === null ? joined : this.joinRows(this.prefix, joined);
    this.restart(0);
    this.head = '';
    this.depth = 0;
    this.prefix = null;
    this.isWhole = false;
    return head === '' ? null : { bytes, line, head };
  }

  /** At a comma between rows: what there is of a long INSERT as a statement of its own; null where it cannot be cut. */
  private cutRows(): ScriptStatement | null {
    const joined = this.join();
    const { startLine: line, head, prefix } = this;
    const bytes = prefix === null ? joined : Buffer.concat([prefix, joined]);
    if (prefix === null) {
      const rows = rowsAt(joined);
      this.parts = [joined];
      this.isWhole = rows === null;
      if (rows === null) return null;
      this.prefix = Buffer.from(joined.subarray(0, rows));
    }
    this.restart(0);
    return { bytes, line, head };
  }

  private join(): Buffer {
    const [only] = this.parts;
    return only !== undefined && this.parts.length === 1 ? only : Buffer.concat(this.parts);
  }

  /** The last rows of an INSERT that was cut. What follows them would be said of them alone. */
  private joinRows(prefix: Buffer, rows: Buffer): Buffer {
    if (
      rows
        .subarray(rows.lastIndexOf(rightParenthesis) + 1, -1)
        .toString('latin1')
        .trim() !== ''
    ) {
      throw new CopierError(
        'source.dump_statement',
        `the long INSERT on line ${this.startLine} goes on behind its rows`,
        {
          hint: 'write it as several INSERTs, or give the database file itself',
        },
      );
    }
    return Buffer.concat([prefix, rows]);
  }
}

/** Where the rows of an INSERT begin, behind its VALUES; null where it has none, such as INSERT … SELECT. */
function rowsAt(statement: Buffer): number | null {
  const text = statement.toString('latin1', 0, 64 * 1024);
  const quoted = `'(?:[^']|'')*'|"(?:[^"]|"")*"|\`(?:[^\`]|\`\`)*\`|\\[[^\\]]*\\]|--[^\\n]*\\n|/\\*[\\s\\S]*?\\*/`;
  for (const found of text.matchAll(new RegExp(`${quoted}|\\bVALUES\\b|\\bSELECT\\b`, 'gi'))) {
    if (/^values$/i.test(found[0])) return found.index + found[0].length;
    if (/^select$/i.test(found[0])) return null;
  }
  return null;
}

/** As sqlite3_complete has it: the body of a trigger is over with END behind a semicolon. */
function endsTrigger(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', Math.max(0, bytes.length - 4096)).replace(/--[^\n]*\n|\/\*[\s\S]*?\*\//g, ' ');
  return /;\s*END\s*;$/i.test(text);
}

/** The error of a script that was not written to its end. */
export function incomplete(why: string): CopierError {
  return new CopierError('source.dump_incomplete', `the dump is not complete: ${why}`, {
    hint: 'make the dump again, and see that the command which writes it ends well and the disk has room',
  });
}

function dotCommand(line: number): CopierError {
  return new CopierError('source.dump_statement', `line ${line} is a command of the sqlite3 shell, not SQL`, {
    hint: 'give what the shell writes, not what it is told: sqlite3 app.db .dump > app.sql',
  });
}
