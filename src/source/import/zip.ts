import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { CopierError } from '../../model/error.js';

/* The one file in a zip archive. Sizes and places come from the directory at its end, also in the form for large files. */

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly checkSum: number;
  readonly packedBytes: number;
  readonly headerAt: number;
}

const endSignature = 0x06054b50;
const locatorSignature = 0x07064b50;
const endMin = 22;
const commentMax = 0xffff;
const [stored, deflated] = [0, 8];
const wide = 0xffffffff;

/** The bytes of the one database or dump in the archive; throws `source.compressed` where there is not one. */
export async function* readZip(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    const entry = chooseEntry(path, await readDirectory(path, file));
    const header = await readAt(file, entry.headerAt, 30);
    const start = entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const end = start + entry.packedBytes - 1;
    const packed = file.createReadStream({ start, end, autoClose: false });
    if (entry.packedBytes === 0) return;
    if (entry.method === stored) yield* checked(path, entry, packed as AsyncIterable<Buffer>);
    else {
      const inflate = zlib.createInflateRaw();
      packed.on('error', (error) => inflate.destroy(error));
      yield* checked(path, entry, packed.pipe(inflate) as AsyncIterable<Buffer>);
    }
  } finally {
    await file.close();
  }
}

/** Compares the check sum at the end, where Node can compute it (since 20.15). */
async function* checked(path: string, { name, checkSum }: Entry, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { crc32 } = zlib as { readonly crc32?: (bytes: Buffer, sum: number) => number };
  let sum = 0;
  for await (const chunk of bytes) {
    if (crc32 !== undefined) sum = crc32(chunk, sum);
    yield chunk;
  }
  if (crc32 !== undefined && sum !== checkSum) throw refused(path, `${JSON.stringify(name)} in it is damaged`);
}

function chooseEntry(path: string, entries: readonly Entry[]): Entry {
  const files = entries.filter(({ name }) => !name.endsWith('/') && !/^__MACOSX\/|(?:^|\/)\./.test(name));
  const [entry, other] = files;
  if (entry === undefined || other !== undefined) {
    const found = files.slice(0, 5).map(({ name }) => JSON.stringify(name));
    throw refused(
      path,
      `it holds ${files.length} files${found.length === 0 ? '' : ` (${found.join(', ')})`}, and one is wanted`,
    );
  }
  if ((entry.flags & 1) !== 0) throw refused(path, `${JSON.stringify(entry.name)} in it is encrypted`);
  if (entry.method !== stored && entry.method !== deflated) {
    throw refused(path, `${JSON.stringify(entry.name)} in it is compressed by method ${entry.method}`);
  }
  return entry;
}

async function readDirectory(path: string, file: FileHandle): Promise<Entry[]> {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - endMin - commentMax), Math.min(size, endMin + commentMax));
  const end = lastIndexOf(tail, endSignature);
  if (end === -1) throw refused(path, 'its end is missing');
  let [count, bytes, at] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (end >= 20 && tail.readUInt32LE(end - 20) === locatorSignature) {
    const record = await readAt(file, Number(tail.readBigUInt64LE(end - 12)), 56);
    [count, bytes, at] = [32, 40, 48].map((offset) => Number(record.readBigUInt64LE(offset))) as [
      number,
      number,
      number,
    ];
  }
  const directory = await readAt(file, at, bytes);
  const entries: Entry[] = [];
  for (let next = 0; entries.length < count && next + 46 <= directory.length; ) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) =>
      directory.readUInt16LE(next + offset),
    ) as [number, number, number];
    const behindName = next + 46 + nameBytes;
    entries.push({
      name: directory.toString('utf8', next + 46, behindName),
      flags: directory.readUInt16LE(next + 8),
      method: directory.readUInt16LE(next + 10),
      checkSum: directory.readUInt32LE(next + 16),
      ...whereabouts(directory.subarray(next, next + 46), directory.subarray(behindName, behindName + extraBytes)),
    });
    next = behindName + extraBytes + commentBytes;
  }
  return entries;
}

/** Numbers that do not fit into 32 bits stand in field 1 of the extras, those that are needed alone, in this order. */
function whereabouts(header: Buffer, extra: Buffer): Pick<Entry, 'packedBytes' | 'headerAt'> {
  const [plainBytes, packedBytes, headerAt] = [
    header.readUInt32LE(24),
    header.readUInt32LE(20),
    header.readUInt32LE(42),
  ];
  let wideAt = -1;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) wideAt = at + 4;
  }
  const next = (narrow: number): number => {
    if (narrow !== wide || wideAt === -1) return narrow;
    wideAt += 8;
    return Number(extra.readBigUInt64LE(wideAt - 8));
  };
  next(plainBytes);
  return { packedBytes: next(packedBytes), headerAt: next(headerAt) };
}

function lastIndexOf(bytes: Buffer, signature: number): number {
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(signature);
  return bytes.lastIndexOf(wanted);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function refused(path: string, why: string): CopierError {
  return new CopierError('source.compressed', `${path} is a zip archive, and ${why}`, {
    hint: 'unpack it, and give the database or the dump that comes out',
  });
}
