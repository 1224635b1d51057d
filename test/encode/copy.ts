import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from } from 'pg-copy-streams';
import { SENTINEL } from './sample.js';

/** Loads COPY bytes into table "Sample". */
export async function copyIn(client: pg.Client, copy: Buffer, format: 'binary' | 'text'): Promise<void> {
  const options = format === 'binary' ? 'FORMAT binary' : `FORMAT text, NULL '${SENTINEL}'`;
  await pipeline(Readable.from([copy]), client.query(from(`COPY "Sample" FROM STDIN (${options})`)));
}
