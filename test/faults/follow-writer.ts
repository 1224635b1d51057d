import { existsSync } from 'node:fs';
import { stdout } from 'node:process';
import { Database } from '../../src/source/sqlite.js';

/*
 * A writer in a process of its own: one row per transaction, and one character on stdout for each that was committed, until
 * the file named second is there.
 */
const [path = '', stopFile = ''] = process.argv.slice(2);
const db = new Database(path, { timeout: 20_000 });
db.pragma('foreign_keys = ON');
const insert = db.prepare('INSERT INTO item VALUES (?, ?, ?)');
const rename = db.prepare("UPDATE owner SET name = 'owner ' || id || ' of ' || ? WHERE id = ?");
for (let i = 0; !existsSync(stopFile); i++) {
  db.exec('BEGIN IMMEDIATE');
  insert.run(100_000 + i, 1 + (i % 50), 'x'.repeat(i % 3000));
  rename.run(i, 1 + (i % 200));
  db.exec('COMMIT');
  stdout.write('.');
  // Lets the line go out, and others have the file.
  await new Promise((resolve) => setTimeout(resolve, 2));
}
db.close();
