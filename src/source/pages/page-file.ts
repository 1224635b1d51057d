import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { CopierError, type ErrorCode } from '../../model/error.js';

/** Bytes of the database header, https://www.sqlite.org/fileformat2.html section 1.3. */
export const headerBytes = 100;

/** The byte that SQLite locks: the page holding it is never part of a b-tree (file format section 1.4). */
const lockByte = 0x40000000;

const magic = Buffer.from('SQLite format 3\0', 'latin1');

interface Header {
  readonly pageSize: number;
  readonly usableBytes: number;
  readonly pageCount: number;
}

/**
 * A private, immutable snapshot, open for reading page by page. Its life: `openSnapshotFile`, any number of
 * `readPages`, `close`. It holds one descriptor and no page. Never open the live database this way: closing the
 * descriptor drops SQLite's own locks in this process.
 */
export class SnapshotFile {
  readonly path: string;
  /** Bytes of a page, 512 to 65536. */
  readonly pageSize: number;
  /** Bytes of a page without the reserved ones at its end (file format section 1.3.4). */
  readonly usableBytes: number;
  readonly pageCount: number;
  /** Number of the lock-byte page, whether or not the file is long enough to have it (section 1.4). */
  readonly lockPage: number;
  #descriptor: number | null;
  readonly #link = Buffer.alloc(4);

  constructor(path: string, descriptor: number, header: Header) {
    this.path = path;
    this.pageSize = header.pageSize;
    this.usableBytes = header.usableBytes;
    this.pageCount = header.pageCount;
    this.lockPage = lockByte / header.pageSize + 1;
    this.#descriptor = descriptor;
  }

  /** Whether a b-tree or an overflow chain may point at `page`. */
  hasPage(page: number): boolean {
    return page >= 1 && page <= this.pageCount && page !== this.lockPage;
  }

  /** Reads `count` pages from `first` on into `target` at byte `at`. All of them exist; else `source.unreadable`. */
  readPages(first: number, count: number, target: Buffer, at: number): void {
    if (this.#descriptor === null) throw new Error('assertion failed: snapshot file is closed');
    readFully(
      this.path,
      this.#descriptor,
      target.subarray(at, at + count * this.pageSize),
      (first - 1) * this.pageSize,
    );
  }

  /** The first four bytes of a page: in an overflow page the number of the next one, 0 in the last. */
  readLink(page: number): number {
    if (this.#descriptor === null) throw new Error('assertion failed: snapshot file is closed');
    readFully(this.path, this.#descriptor, this.#link, (page - 1) * this.pageSize);
    return this.#link.readUInt32BE(0);
  }

  /** Closing twice is the same as closing once. */
  close(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/**
 * Opens the snapshot at `path` and checks its header (https://www.sqlite.org/fileformat2.html section 1.3) against the
 * file. Errors: `source.unreadable`, `source.not_a_database`, `source.unknown_format`, `source.truncated`;
 * `source.unsettled` where a rollback journal or a write-ahead log beside the file holds changes to it.
 */
export function openSnapshotFile(path: string): SnapshotFile {
  refuseUnsettled(path);
  const descriptor = openDescriptor(path);
  try {
    return new SnapshotFile(path, descriptor, readHeader(path, descriptor));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function refuseUnsettled(path: string): void {
  for (const beside of [`${path}-wal`, `${path}-journal`]) {
    if (existsSync(beside) && statSync(beside).size > 0) {
      throw refuse('source.unsettled', `${path}: ${beside} is not empty, so the file alone is not the whole database`);
    }
  }
}

function openDescriptor(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function readHeader(path: string, descriptor: number): Header {
  const fileBytes = fstatSync(descriptor).size;
  if (fileBytes < headerBytes) throw refuse('source.not_a_database', `${path}: ${fileBytes} bytes are too few`);
  const bytes = Buffer.alloc(headerBytes);
  readFully(path, descriptor, bytes, 0);
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw refuse('source.not_a_database', `${path}: no SQLite header, or the file is encrypted`);
  }
  const pageSize = readPageSize(path, bytes);
  checkFormat(path, bytes);
  const usableBytes = pageSize - bytes.readUInt8(20);
  if (usableBytes < 480) throw unknownFormat(path, `${usableBytes} usable bytes in a page, 480 are the least`);
  return { pageSize, usableBytes, pageCount: countPages(path, bytes, fileBytes, pageSize) };
}

/** Section 1.3.2: a power of two, where 1 means 65536. */
function readPageSize(path: string, bytes: Buffer): number {
  const stored = bytes.readUInt16BE(16);
  const pageSize = stored === 1 ? 65536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) throw unknownFormat(path, `page size ${stored}`);
  return pageSize;
}

/** Sections 1.3.3 (read version), 1.3.5 (fractions), 1.3.10 (schema format) and 1.3.13 (text encoding). */
function checkFormat(path: string, bytes: Buffer): void {
  const readVersion = bytes.readUInt8(19);
  if (readVersion !== 1 && readVersion !== 2) throw unknownFormat(path, `read version ${readVersion}`);
  if (bytes.readUIntBE(21, 3) !== 0x402020) throw unknownFormat(path, 'payload fractions other than 64, 32, 32');
  const schemaFormat = bytes.readUInt32BE(44);
  // An empty database has schema format 0 and encoding 0.
  if (schemaFormat > 4) throw unknownFormat(path, `schema format ${schemaFormat}`);
  const encoding = bytes.readUInt32BE(56);
  if (encoding > 1) throw unknownFormat(path, `text encoding ${encoding}; only UTF-8 is read from pages`);
}

/** Section 1.3.7: the in-header size counts only where the change counter equals the version-valid-for number. */
function countPages(path: string, bytes: Buffer, fileBytes: number, pageSize: number): number {
  const inFile = Math.floor(fileBytes / pageSize);
  const inHeader = bytes.readUInt32BE(28);
  const isValid = inHeader > 0 && bytes.readUInt32BE(24) === bytes.readUInt32BE(92);
  const pageCount = isValid ? inHeader : inFile;
  if (pageCount < 1 || pageCount > inFile) {
    throw refuse('source.truncated', `${path}: the header says ${pageCount} pages, the file has ${inFile}`);
  }
  return pageCount;
}

function readFully(path: string, descriptor: number, target: Buffer, position: number): void {
  let filled = 0;
  while (filled < target.length) {
    const count = readSome(path, descriptor, target, filled, position + filled);
    if (count === 0) throw refuse('source.truncated', `${path}: ends at byte ${position + filled}`);
    filled += count;
  }
}

function readSome(path: string, descriptor: number, target: Buffer, at: number, position: number): number {
  try {
    return readSync(descriptor, target, at, target.length - at, position);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unknownFormat(path: string, what: string): CopierError {
  return refuse('source.unknown_format', `${path}: ${what}`);
}

function unreadable(path: string, cause: unknown): CopierError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return new CopierError('source.unreadable', `${path}: ${code}`, {
    hint: 'check the path, its permissions, and the limit of open files (ulimit -n)',
    cause,
  });
}

function refuse(code: ErrorCode, message: string): CopierError {
  return new CopierError(code, message, { hint: 'take a new snapshot, or read this file with --reader rows' });
}
