import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Connection } from 'pg';
import { CopyOutQuery } from '../../../src/target/copy/copy-payload.js';
import { runCount } from '../../support/run-count.js';

function message(code: string, body: Buffer): Buffer {
  const head = Buffer.from(`${code}....`);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What a query reads of these pieces of a socket, and what it leaves to pg. */
async function readPieces(pieces: readonly Buffer[]) {
  const stream = new PassThrough();
  const left: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => left.push(bytes));
  const query = new CopyOutQuery('COPY t TO STDOUT');
  query.submit({ stream, query: () => {} } as unknown as Connection);
  const sending = (async () => {
    for (const piece of pieces) {
      stream.write(piece);
      await new Promise(setImmediate);
    }
    query.handleReadyForQuery();
  })();
  const read: Buffer[] = [];
  for (let piece = await query.next(); piece !== null; piece = await query.next()) read.push(Buffer.from(piece));
  await sending;
  return { read: Buffer.concat(read), left: Buffer.concat(left) };
}

test('the rows of a copy are read wherever the socket cuts them, and pg has every message from its end on', async () => {
  const rows = fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 12 });
  const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, cuts, fc.nat({ max: 12 }), async (bodies, places, noticeAt) => {
      const data = bodies.map((body) => message('d', Buffer.from(body)));
      data.splice(noticeAt, 0, message('N', Buffer.from('SNOTICE\0\0')));
      const end = Buffer.concat([message('c', Buffer.alloc(0)), message('C', Buffer.from('COPY 3\0'))]);
      const sent = Buffer.concat([message('H', Buffer.from([0, 0, 0])), ...data, end]);
      const edges = [0, ...places.map((place) => place % sent.length).sort((a, b) => a - b), sent.length];
      const pieces = edges.slice(1).map((edge, i) => sent.subarray(edges[i], edge));
      const { read, left } = await readPieces(pieces);
      assert.deepEqual(read, Buffer.concat(bodies.map((body) => Buffer.from(body))));
      assert.deepEqual(left, end);
    }),
    { numRuns: runCount({ usual: 100, full: 2000 }) },
  );
});

test('an error in the midst of a copy is thrown, and pg has its message', async () => {
  const query = new CopyOutQuery('COPY t TO STDOUT');
  const stream = new PassThrough();
  const left: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => left.push(bytes));
  query.submit({ stream, query: () => {} } as unknown as Connection);
  const error = message('E', Buffer.from('SERROR\0\0'));
  stream.write(Buffer.concat([message('d', Buffer.from('1\n')), error]));
  const read = await query.next();
  assert.equal(read?.toString(), '1\n');
  assert.deepEqual(Buffer.concat(left), error);
  query.handleError(new Error('as pg says'));
  await assert.rejects(query.next(), /as pg says/);
});
