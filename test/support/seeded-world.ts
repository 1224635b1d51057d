import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { withDatabase } from './database.js';
import { makeSqlite, withFolder } from './folder.js';

/* Tables that the application fills by itself on PostgreSQL, under keys of its own. */

const sourceSql = `
  CREATE TABLE content (id INTEGER PRIMARY KEY, app TEXT, model TEXT);
  CREATE TABLE permission (id INTEGER PRIMARY KEY, content_id INTEGER NOT NULL REFERENCES content (id), code TEXT NOT NULL);
  CREATE TABLE label (code TEXT PRIMARY KEY, name TEXT);
  CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, label TEXT REFERENCES label (code));
  CREATE TABLE team_permission (team_id INTEGER REFERENCES team (id), permission_id INTEGER, PRIMARY KEY (team_id, permission_id)) WITHOUT ROWID;
  CREATE TABLE log (id INTEGER PRIMARY KEY, content_id INTEGER REFERENCES content, at TEXT);
  CREATE TABLE seen (what TEXT);
  CREATE TRIGGER noted AFTER UPDATE ON permission BEGIN INSERT INTO seen VALUES ('permission'); END;
  INSERT INTO content VALUES (1, 'auth', 'user'), (2, 'shop', 'order'), (3, 'shop', 'item');
  INSERT INTO permission VALUES (1, 1, 'add'), (2, 1, 'view'), (3, 2, 'add'), (4, 3, 'add');
  INSERT INTO label VALUES ('a', 'one'), ('b', 'two');
  INSERT INTO team VALUES (1, 'all', 'a'), (2, 'some', 'b'), (3, 'none', NULL);
  INSERT INTO team_permission VALUES (1, 1), (1, 2), (1, 3), (1, 4), (2, 3);
  INSERT INTO log VALUES (1, 2, 'x'), (2, NULL, 'y'), (3, 3, 'z');`;

/** Keys change places, in a circle and in pairs; the target has a row more, and a foreign key that SQLite lacks. */
const targetSql = `
  CREATE TABLE content (id int PRIMARY KEY, app text, model text);
  CREATE TABLE permission (id int PRIMARY KEY, content_id int NOT NULL REFERENCES content, code text NOT NULL, UNIQUE (content_id, code));
  CREATE TABLE label (code text PRIMARY KEY, name text);
  CREATE TABLE team (id int PRIMARY KEY, name text, label text REFERENCES label);
  CREATE TABLE team_permission (team_id int REFERENCES team, permission_id int REFERENCES permission, PRIMARY KEY (team_id, permission_id));
  CREATE TABLE log (id int PRIMARY KEY, content_id int REFERENCES content, at text);
  CREATE TABLE seen (what text);
  INSERT INTO content VALUES (2, 'auth', 'user'), (3, 'shop', 'order'), (1, 'shop', 'item'), (9, 'new', 'thing');
  INSERT INTO permission VALUES (4, 2, 'add'), (3, 2, 'view'), (2, 3, 'add'), (70, 1, 'add'), (71, 9, 'add');
  INSERT INTO label VALUES ('B', 'one'), ('a', 'two');`;

export const matching = {
  tableRules: {
    permission: { seeded: { match: ['content_id', 'code'] } },
    content: { seeded: { match: ['app', 'model'] } },
    label: { seeded: { match: ['name'] } },
  },
};

export interface World {
  readonly sides: readonly string[];
  readonly source: string;
  readonly cwd: string;
  readonly client: pg.Client;
  readonly config: (content: object) => string[];
}

export async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (cwd) => {
      await client.query(targetSql);
      const source = makeSqlite(cwd, sourceSql);
      const path = join(cwd, 'config.json');
      const config = (content: object) => {
        writeFileSync(path, JSON.stringify(content));
        return ['--config', path];
      };
      await use({ sides: ['--source', source, '--target', url], source, cwd, client, config });
    }),
  );
}

/** Who may do what, in words, so that keys do not matter. */
export const rightsSql = `
  SELECT t.name, c.app, c.model, p.code FROM team_permission r JOIN team t ON t.id = r.team_id
    JOIN permission p ON p.id = r.permission_id JOIN content c ON c.id = p.content_id ORDER BY 1, 2, 3, 4`;
