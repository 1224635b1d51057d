import { CopierError } from '../../model/error.js';
import type { Bytes } from './unpack.js';

const marks: readonly (readonly [hex: string, encoding: string])[] = [
  ['efbbbf', 'utf-8'],
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

/** A script in UTF-8 without a mark, whichever of Unicode's encodings its mark says; PowerShell writes UTF-16. */
export async function* inUtf8(head: Buffer, bytes: Bytes): AsyncGenerator<Buffer> {
  const hex = head.toString('hex', 0, 3);
  const [mark = '', encoding] = marks.find(([start]) => hex.startsWith(start)) ?? [];
  if (encoding === undefined) yield* bytes;
  else if (encoding === 'utf-8') yield* behind(mark.length / 2, bytes);
  else yield* decoded(encoding, bytes);
}

async function* behind(count: number, bytes: Bytes): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of bytes) {
    yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* decoded(encoding: string, bytes: Bytes): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CopierError('source.dump_statement', `its mark says ${encoding}, and it is not: ${cause.message}`, {
      hint: 'make the dump again, and let no shell or editor change its encoding',
      cause,
    });
  }
}
