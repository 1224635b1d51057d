import { Database } from '../../src/source/sqlite.js';

/*
 * An application that writes while it is moved: each second one transaction changes this many rows, spread over the
 * table, until a write is refused. Arguments are the database, the table, its rows, and how many of them to change.
 */
const [path = '', table = '', rows = '0', changed = '0'] = process.argv.slice(2);
const db = new Database(path, { timeout: 60_000 });
const update = db.prepare(`UPDATE "${table}" SET value = value + 1 WHERE id = ?`);
const step = Math.max(1, Math.floor(Number(rows) / Number(changed)));
const all = db.transaction((from: number) => {
  for (let i = 0; i < Number(changed); i++) update.run(1 + ((from + i * step) % Number(rows)));
});
let longestMs = 0;
for (let second = 0; ; second++) {
  const beganAtMs = performance.now();
  try {
    all.immediate(second);
  } catch {
    break;
  }
  longestMs = Math.max(longestMs, performance.now() - beganAtMs);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
console.log(Math.round(longestMs));
