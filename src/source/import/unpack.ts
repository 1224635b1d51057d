import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { quoteShell } from '../../lib/shell-word.js';
import { CopierError } from '../../model/error.js';

/* Bytes that come compressed, by what they begin with. */

export type Bytes = AsyncIterable<Buffer>;

/** Enough to tell every form by. */
const headBytes = 4096;
/** A dump may be compressed and packed again; more is an attempt to fill the disk. */
const layersMax = 3;

const [gzip, zstd] = ['1f8b', '28b52ffd'];

/** The first bytes, and all of them. */
export async function peek(bytes: Bytes): Promise<{ readonly head: Buffer; readonly all: Bytes }> {
  const reading = bytes[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  let length = 0;
  while (length < headBytes) {
    const { value, done } = await reading.next();
    if (done === true) break;
    parts.push(value);
    length += value.length;
  }
  return { head: Buffer.concat(parts).subarray(0, headBytes), all: joined(parts, reading) };
}

async function* joined(parts: Buffer[], reading: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) yield part;
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) yield next.value;
  } finally {
    await reading.return?.();
  }
}

/** What is in the bytes when every compression is taken off. `name` is what messages call them. */
export async function unpack(name: string, bytes: Bytes): Promise<{ readonly head: Buffer; readonly all: Bytes }> {
  let found = await peek(bytes);
  for (let layers = 0; layers < layersMax; layers += 1) {
    const start = found.head.toString('hex', 0, 4);
    if (start.startsWith(gzip)) found = await peek(through(name, 'gzip', found.all, zlib.createGunzip()));
    else if (start === zstd) found = await peek(through(name, 'zstd', found.all, zstdOf(name)));
    else break;
  }
  return found;
}

async function* through(name: string, format: string, bytes: Bytes, transform: Transform): AsyncGenerator<Buffer> {
  const packed = Readable.from(bytes, { objectMode: false });
  packed.on('error', (error) => transform.destroy(error));
  packed.pipe(transform);
  try {
    yield* transform as AsyncIterable<Buffer>;
  } catch (cause) {
    throw damaged(name, format, cause);
  } finally {
    packed.destroy();
  }
}

/** What a decompressor says, where it is not the failure of what it reads. */
export function damaged(name: string, format: string, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (cause instanceof CopierError || !/^(?:Z|ZSTD)_/.test(code ?? '')) return cause;
  return new CopierError('source.compressed', `${name} is damaged or was cut off (${format}): ${message}`, {
    hint: 'fetch or make it again, and compare its size with that of the original',
    cause,
  });
}

/** Node has it since 22.15 and 23.8. */
function zstdOf(name: string): Transform {
  const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform };
  if (createZstdDecompress !== undefined) return createZstdDecompress();
  throw new CopierError('source.compressed', `${name} is compressed with zstd, which this Node cannot read`, {
    hint: `let zstd read it: zstd -dc ${quoteShell(name)} | pgferry migrate - …, or use Node 22.15 or newer`,
  });
}
