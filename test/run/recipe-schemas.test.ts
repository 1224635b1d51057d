import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planSwitches, prepareSwitches } from '../../src/cutover/switches/switches.js';
import { wordsOf } from '../../src/cutover/switches/placeholders.js';
import type { SwitchRule } from '../../src/model/application/rules.js';
import { noteApplication, readRecipes, recogniseApplication } from '../../src/run/recipes.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';
import { Database } from '../../src/source/sqlite.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { withFolder } from '../support/folder.js';

/*
 * Recipes of applications that no test runs: held to excerpts of their schemas and configuration files, as these are
 * publicly known. A table beside those that the recipe asks for is there in each, so that recognising is not by all of them.
 */

interface Excerpt {
  readonly app: string;
  readonly sql: string;
  /** Tables that stay behind as bookkeeping, or go along with a translated schema only. */
  readonly bookkeeping: readonly string[];
  /** A file of its configuration, and what stands in it once switched. */
  readonly file: { readonly name: string; readonly text: string; readonly becomes: RegExp } | null;
}

const excerpts: readonly Excerpt[] = [
  {
    app: 'grafana',
    sql: `CREATE TABLE migration_log (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, migration_id TEXT NOT NULL, sql TEXT NOT NULL,
            success INTEGER NOT NULL, error TEXT NOT NULL, timestamp DATETIME NOT NULL);
          CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NOT NULL, login TEXT NOT NULL,
            email TEXT NOT NULL, is_admin INTEGER NOT NULL, created DATETIME NOT NULL);
          CREATE TABLE dashboard (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NOT NULL, slug TEXT NOT NULL,
            title TEXT NOT NULL, data TEXT NOT NULL, org_id INTEGER NOT NULL, created DATETIME NOT NULL, uid TEXT NULL);
          CREATE TABLE data_source (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, org_id INTEGER NOT NULL, type TEXT NOT NULL,
            name TEXT NOT NULL, json_data TEXT NULL, is_default INTEGER NOT NULL, uid TEXT NOT NULL DEFAULT 0);`,
    bookkeeping: ['migration_log'],
    file: {
      name: 'grafana.ini',
      text: '[database]\n# sqlite3 is the standard\ntype = sqlite3\nhost = 127.0.0.1:3306\nname = grafana\nuser = root\npassword =\npath = grafana.db\n',
      becomes:
        /^\[database\]\n# sqlite3 is the standard\ntype = postgres\nhost = db:5432\nname = app\nuser = own\npassword = ?pw\npath = grafana\.db\n$/,
    },
  },
  {
    app: 'gitea',
    sql: `CREATE TABLE version (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version INTEGER NULL);
          CREATE TABLE repository (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, owner_id INTEGER NULL, lower_name TEXT NOT NULL,
            name TEXT NOT NULL, is_private INTEGER NULL, created_unix INTEGER NULL);
          CREATE TABLE login_source (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, type INTEGER NULL, name TEXT NULL, cfg TEXT NULL);
          CREATE TABLE hook_task (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, hook_id INTEGER NULL, uuid TEXT NULL,
            payload_content TEXT NULL, is_delivered INTEGER NULL);`,
    bookkeeping: [],
    file: {
      name: 'app.ini',
      text: 'APP_NAME = Gitea\n\n[database]\nDB_TYPE  = sqlite3\nHOST     = 127.0.0.1:3306\nNAME     = gitea\nUSER     = root\nPASSWD   =\nPATH     = /data/gitea/gitea.db\n',
      becomes: /DB_TYPE {2}= postgres\nHOST {5}= db:5432\nNAME {5}= app\nUSER {5}= own\nPASSWD {3}= ?pw\nPATH/,
    },
  },
  {
    app: 'vaultwarden',
    sql: `CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
          CREATE TABLE users (uuid TEXT NOT NULL PRIMARY KEY, created_at DATETIME NOT NULL, email TEXT NOT NULL UNIQUE,
            password_hash BLOB NOT NULL, salt BLOB NOT NULL);
          CREATE TABLE ciphers (uuid TEXT NOT NULL PRIMARY KEY, created_at DATETIME NOT NULL, user_uuid TEXT REFERENCES users (uuid),
            atype INTEGER NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL);
          CREATE TABLE users_organizations (uuid TEXT NOT NULL PRIMARY KEY, user_uuid TEXT NOT NULL REFERENCES users (uuid),
            org_uuid TEXT NOT NULL, access_all BOOLEAN NOT NULL, akey TEXT NOT NULL, status INTEGER NOT NULL, atype INTEGER NOT NULL);
          CREATE TABLE twofactor (uuid TEXT NOT NULL PRIMARY KEY, user_uuid TEXT NOT NULL REFERENCES users (uuid), atype INTEGER NOT NULL,
            enabled BOOLEAN NOT NULL, data TEXT NOT NULL, last_used INTEGER NOT NULL DEFAULT 0, UNIQUE (user_uuid, atype));`,
    bookkeeping: ['__diesel_schema_migrations'],
    file: {
      name: '.env',
      text: 'DOMAIN=https://vault.example\n',
      becomes: /^DOMAIN=.*\nDATABASE_URL="?postgresql:\/\/own:pw@db:5432\/app"?\n$/,
    },
  },
  {
    app: 'servarr',
    sql: `CREATE TABLE "VersionInfo" ("Version" INTEGER NOT NULL, "AppliedOn" DATETIME, "Description" TEXT);
          CREATE TABLE "Config" ("Id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "Key" TEXT NOT NULL, "Value" TEXT NOT NULL);
          CREATE TABLE "RootFolders" ("Id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "Path" TEXT NOT NULL);
          CREATE TABLE "ScheduledTasks" ("Id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "TypeName" TEXT NOT NULL,
            "Interval" INTEGER NOT NULL, "LastExecution" DATETIME NOT NULL);`,
    bookkeeping: ['VersionInfo'],
    file: null,
  },
  {
    app: 'home-assistant',
    sql: `CREATE TABLE states_meta (metadata_id INTEGER NOT NULL, entity_id VARCHAR(255), PRIMARY KEY (metadata_id));
          CREATE TABLE statistics_meta (id INTEGER NOT NULL, statistic_id VARCHAR(255), source VARCHAR(32), has_mean BOOLEAN, PRIMARY KEY (id));
          CREATE TABLE schema_changes (change_id INTEGER NOT NULL, schema_version INTEGER, changed DATETIME, PRIMARY KEY (change_id));
          CREATE TABLE states (state_id INTEGER NOT NULL, state VARCHAR(255), last_updated_ts FLOAT, old_state_id INTEGER,
            metadata_id INTEGER, context_id_bin BLOB, PRIMARY KEY (state_id), FOREIGN KEY (old_state_id) REFERENCES states (state_id),
            FOREIGN KEY (metadata_id) REFERENCES states_meta (metadata_id));`,
    bookkeeping: [],
    file: {
      name: 'configuration.yaml',
      text: 'default_config:\nrecorder:\n  purge_keep_days: 5 # days\n  db_url: sqlite:////config/home-assistant_v2.db\n',
      becomes: /purge_keep_days: 5 # days\n {2}db_url: postgresql:\/\/own:pw@db:5432\/app\n$/,
    },
  },
  {
    app: 'paperless',
    sql: `CREATE TABLE django_migrations (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied datetime NOT NULL);
          CREATE TABLE auth_user (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, username varchar(150) NOT NULL UNIQUE, is_active bool NOT NULL);
          CREATE TABLE documents_correspondent (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(128) NOT NULL, match varchar(256) NOT NULL);
          CREATE TABLE documents_tag (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(128) NOT NULL, color varchar(7) NOT NULL);
          CREATE TABLE documents_document (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, title varchar(128) NOT NULL, content text NOT NULL,
            created datetime NOT NULL, correspondent_id integer NULL REFERENCES documents_correspondent (id) DEFERRABLE INITIALLY DEFERRED);`,
    bookkeeping: ['django_migrations'],
    file: {
      name: 'docker-compose.env',
      text: 'PAPERLESS_DBENGINE=sqlite\nPAPERLESS_TIME_ZONE=Europe/Berlin\n',
      becomes:
        /^PAPERLESS_DBENGINE=postgresql\nPAPERLESS_TIME_ZONE=Europe\/Berlin\nPAPERLESS_DBHOST=db\nPAPERLESS_DBPORT=5432\nPAPERLESS_DBNAME=app\nPAPERLESS_DBUSER=own\nPAPERLESS_DBPASS=pw\n$/,
    },
  },
  {
    app: 'open-webui',
    sql: `CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
          CREATE TABLE migratehistory (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, migrated_at DATETIME NOT NULL);
          CREATE TABLE auth (id VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL, password TEXT NOT NULL, active INTEGER NOT NULL);
          CREATE TABLE chat (id VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL, title TEXT NOT NULL, chat JSON, created_at BIGINT NOT NULL);
          CREATE TABLE knowledge (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL, meta JSON, created_at BIGINT NOT NULL);
          CREATE TABLE tag (id VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, user_id VARCHAR(255) NOT NULL);`,
    bookkeeping: ['alembic_version', 'migratehistory'],
    file: { name: '.env', text: 'WEBUI_NAME=us\n', becomes: /DATABASE_URL="?postgresql:\/\/own:pw@db:5432\/app"?\n$/ },
  },
];

function catalogOf(sql: string) {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    return readSourceCatalog(db);
  } finally {
    db.close();
  }
}

const recipes = readRecipes();
const { address } = parseTargetUrl('postgresql://own:pw@db:5432/app');
const words = wordsOf(address, { password: 'pw', more: { sourcePath: '/srv/app.db' } });

for (const { app, sql, bookkeeping, file } of excerpts) {
  test(`the recipe ${app} knows its schema, and what of it is bookkeeping`, () => {
    const catalog = catalogOf(sql);
    assert.equal(recogniseApplication(catalog, recipes)?.name, app);
    const [note] = noteApplication(catalog, app);
    assert.equal(note?.severity, 'note');
    assert.match(note?.message ?? '', new RegExp(`the recipe ${app}, by schema only, decides`));
    const kept = [...catalog.leftOut, ...catalog.tables.filter(({ framework }) => framework !== undefined)];
    assert.deepEqual(
      kept
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('sqlite_'))
        .sort(),
      [...bookkeeping].sort(),
    );
    assert.deepEqual(
      [...(recipes.find(({ name }) => name === app)?.bookkeeping ?? [])].sort(),
      [...bookkeeping].sort(),
    );
  });
  if (file === null) continue;
  test(`the recipe ${app} switches ${file.name}`, async () => {
    await withFolder((folder) => {
      const path = join(folder, file.name);
      writeFileSync(path, file.text, { mode: 0o600 });
      const given = recipes.find(({ name }) => name === app)?.config['switch'] as readonly SwitchRule[];
      const rules = given.map((rule) =>
        Object.fromEntries(Object.entries(rule).map(([key, value]) => [key, value === file.name ? path : value])),
      );
      const [planned] = prepareSwitches(planSwitches(rules, words), 'c0ffee');
      assert.equal(planned?.kind, 'file');
      assert.match(readFileSync(planned.afterPath, 'utf8'), file.becomes);
    });
  });
}

test('every recipe by schema only of the docs is held here, or has a test that runs it', () => {
  const held = new Set(excerpts.map(({ app }) => app));
  const others = recipes.filter(({ name, proof }) => proof === 'schema' && !held.has(name)).map(({ name }) => name);
  assert.deepEqual(others, ['payload']);
});
