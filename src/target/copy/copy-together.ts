import type { Connection, Submittable } from 'pg';
import { assert } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { joinStatements } from '../connection/together.js';
import { type CopyInOptions, copySql } from './copy-in.js';

/** All that goes into one table, in COPY's form with the header and the trailer of its format. */
export interface FilledCopy {
  readonly into: CopyInOptions;
  readonly bytes: Buffer;
}

/**
 * COPY … FROM STDIN into several tables, in their order, by one message: statements and rows are on their way before the
 * server has said a word, so that all of them are one round trip and one write to the socket. Gives the server's row
 * count of each. Where one is refused, none of those after it is begun, what was sent for them is passed over by the
 * server, and the error names the table. Call it in a transaction.
 */
export async function copyTogether(client: TargetClient, copies: readonly FilledCopy[]): Promise<readonly number[]> {
  if (copies.length === 0) return [];
  const query = new CopiesQuery(copies);
  try {
    client.raw.query(query);
    await client.awaited(query.ended);
  } catch (error) {
    throw client.failure(error, { table: copies[query.rowCounts.length]?.into.table ?? '' });
  }
  assert(query.rowCounts.length === copies.length, 'each COPY of a message is answered');
  return query.rowCounts;
}

/** Letters of the messages CopyData and CopyDone; each is followed by a length, which counts itself. */
const [dataCode, doneCode] = [0x64, 0x63];
const headBytes = 5;

/**
 * The query as pg runs it. The protocol lets a client send rows before it is asked for them: a server that refuses a
 * COPY accepts and ignores what still comes for it (PostgresMain in src/backend/tcop/postgres.c).
 */
class CopiesQuery implements Submittable {
  readonly text: string;
  readonly rowCounts: number[] = [];
  readonly ended: Promise<void>;
  readonly #copies: readonly FilledCopy[];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null;

  constructor(copies: readonly FilledCopy[]) {
    this.#copies = copies;
    this.text = joinStatements(copies.map(({ into }) => copySql(into)));
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.text);
    stream.write(messagesOf(this.#copies));
    stream.uncork();
  }

  /** The rows are on their way already. */
  handleCopyInResponse(): void {}

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.rowCounts.push(Number(/^COPY (\d+)$/.exec(text)?.[1]));
  }

  handleError(error: unknown): void {
    this.#settle?.reject(error);
  }

  handleReadyForQuery(): void {
    this.#settle?.resolve();
  }
}

/** The bytes of each copy as one message, with its end behind it. */
function messagesOf(copies: readonly FilledCopy[]): Buffer {
  const bytes = Buffer.allocUnsafe(copies.reduce((sum, copy) => sum + copy.bytes.length + 2 * headBytes, 0));
  let at = 0;
  const head = (code: number, length: number) => {
    bytes[at] = code;
    at = bytes.writeUInt32BE(length + headBytes - 1, at + 1);
  };
  for (const { bytes: rows } of copies) {
    head(dataCode, rows.length);
    at += rows.copy(bytes, at);
    head(doneCode, 0);
  }
  return bytes;
}
