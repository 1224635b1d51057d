import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Database } from '../../src/source/sqlite.js';

/*
 * A process that hammers a SQLite database without regard to anything: arguments are the database, a name for its rows,
 * a file in which it notes each row once its commit was acknowledged, how long it waits for a lock, in milliseconds, and
 * how long it pauses after a row; without a -wal, a writer that never pauses lets nobody read. With `checkpoints` as the
 * last argument it asks for a checkpoint after each few rows, of each kind in turn.
 * It ends when it is killed, or when a write is refused by a trigger; what was refused is its last line on stdout.
 */
const [path = '', name = '', acknowledged = '', timeoutMs = '', pauseMs = '0', more = ''] = process.argv.slice(2);
const db = new Database(path, { timeout: Number(timeoutMs) });
const insert = db.prepare(`INSERT INTO AuditLog (id, action, createdAt) VALUES (?, 'hammered', 1700000000000)`);
const checkpoints = ['PASSIVE', 'TRUNCATE', 'FULL', 'RESTART'];
let busy = 0;
for (let number = 0; ; number++) {
  const id = `${name}-${number}`;
  try {
    insert.run(id);
    appendFileSync(acknowledged, `${id}\n`);
    if (number === 0) console.log('writes');
    if (more === 'checkpoints' && number % 7 === 6)
      db.pragma(`wal_checkpoint(${checkpoints[Math.floor(number / 7) % checkpoints.length]})`);
    if (pauseMs !== '0') await wait(Number(pauseMs));
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    if (code === 'SQLITE_BUSY') {
      busy += 1;
      continue;
    }
    console.log(`${busy} busy, then ${code}: ${message}`);
    process.exit(0);
  }
}
