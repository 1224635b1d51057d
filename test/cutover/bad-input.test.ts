import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { test } from 'node:test';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envBefore, makeSmallApp, runFor, statusOf } from '../support/journey.js';
import { withProxy } from '../support/proxy.js';
import { checkRefusal, type Refusal } from '../support/refusal.js';

/*
 * What an operator may do wrong, and what may break in the middle. Whatever it is: the exit code is 24 (2 for usage),
 * the message names the cause, the hint the next step, and the application is where it was: its env file byte for byte,
 * its database writable.
 */

const isRoot = geteuid?.() === 0;

async function withApp(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use(makeSmallApp(folder, url), client)));
}

async function checkRefused(app: App, refusal: Refusal, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const options = { cwd: app.folder, env: { ...app.env, CUTOVER_CONFIRM: confirmation, ...env } };
  const { error } = await checkRefusal(['cutover'], options, refusal);
  assert.equal(error?.exitCode, 24);
  checkUntouched(app);
}

function checkUntouched(app: App): void {
  const db = new Database(app.source, { timeout: 5000 });
  db.prepare('INSERT INTO child (parent) VALUES (1)').run();
  assert.deepEqual(db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all(), []);
  db.close();
  assert.deepEqual(
    readdirSync(app.folder).filter((name) => name.includes('.pgferry')),
    [],
  );
}

interface BadInput extends Refusal {
  readonly name: string;
  /** Spoils the application's surroundings; gives variables that go with it. */
  readonly spoil: (app: App) => Readonly<Record<string, string>> | undefined;
  readonly needsRoot?: boolean;
  /** What the env file holds then; null where there is none, or no plain one. */
  readonly envFile?: string | null;
}

const badInputs: readonly BadInput[] = [
  {
    name: 'no phrase',
    spoil: () => ({ CUTOVER_CONFIRM: '' }),
    code: 'cutover.not_confirmed',
    says: /the confirmation phrase is missing/,
    hint: /set CUTOVER_CONFIRM=I_UNDERSTAND_PRODUCTION_CUTOVER/,
  },
  {
    name: 'another phrase',
    spoil: () => ({ CUTOVER_CONFIRM: 'yes' }),
    code: 'cutover.not_confirmed',
    says: /the confirmation phrase is another one/,
    hint: /set CUTOVER_CONFIRM=I_UNDERSTAND_PRODUCTION_CUTOVER/,
  },
  {
    name: 'no target, which would mean the embedded one',
    spoil: () => ({ POSTGRES_DATABASE_URL: '' }),
    code: 'cutover.embedded_target',
    says: /no target is named/,
    hint: /POSTGRES_DATABASE_URL/,
  },
  {
    name: 'a target that cannot be reached',
    spoil: () => ({ POSTGRES_DATABASE_URL: 'postgresql://app:s3cret@127.0.0.1:1/app' }),
    code: 'cutover.refused',
    says: /nothing was changed: cannot reach postgres at 127\.0\.0\.1:1.*\[target\.unreachable\]/,
    hint: /that the server runs/,
  },
  {
    name: 'an env file that is not there',
    spoil: ({ envPath }) => void rmSync(envPath),
    envFile: null,
    code: 'cutover.env_missing',
    says: /there is no env file .*\.vps\.env/,
    hint: /--env-file or VPS_ENV_FILE/,
  },
  {
    name: 'an env file that is read-only',
    spoil: ({ envPath }) => void chmodSync(envPath, 0o440),
    code: 'cutover.env_readonly',
    says: /the env file .* is read-only/,
    hint: /chmod u\+w/,
  },
  {
    name: 'an env file that is a symbolic link',
    spoil: ({ envPath }) => {
      renameSync(envPath, `${envPath}.real`);
      symlinkSync(`${envPath}.real`, envPath);
      return undefined;
    },
    code: 'cutover.env_link',
    says: /is a symbolic link/,
    hint: /name the file itself/,
  },
  {
    name: 'an env file with two names',
    spoil: ({ envPath }) => void linkSync(envPath, `${envPath}.other`),
    code: 'cutover.env_link',
    says: /has 2 names \(hard links\)/,
    hint: /make it a file with one name/,
  },
  {
    name: 'an env file of another owner',
    needsRoot: true,
    spoil: ({ envPath }) => void chownSync(envPath, 12_345, 12_345),
    code: 'cutover.env_owner',
    says: /belongs to user 12345, we are user 0/,
    hint: /sudo -E -u '#12345'/,
  },
  {
    name: 'an env file that says postgres already',
    spoil: ({ envPath }) => void writeFileSync(envPath, 'VPS_DB_PROVIDER=postgres\n'),
    envFile: 'VPS_DB_PROVIDER=postgres\n',
    code: 'cutover.env_switched',
    says: /says VPS_DB_PROVIDER=postgres already/,
    hint: /name the env file of the one to be switched/,
  },
  {
    name: 'no Prisma schema',
    spoil: () => ({ CUTOVER_GENERATE_PROVIDER: '1' }),
    code: 'cutover.no_prisma_schema',
    says: /there is no Prisma schema .*schema\.postgres\.prisma/,
    hint: /--generate-provider 0/,
  },
  {
    name: 'no prisma installed',
    spoil: ({ folder }) => {
      mkdirSync(join(folder, 'prisma'));
      for (const name of ['schema.prisma', 'schema.postgres.prisma']) writeFileSync(join(folder, 'prisma', name), '');
      return { CUTOVER_GENERATE_PROVIDER: '1' };
    },
    code: 'cutover.no_prisma',
    says: /no prisma is installed for /,
    hint: /npm install/,
  },
  {
    name: 'a prisma that fails',
    spoil: ({ folder }) => {
      mkdirSync(join(folder, 'prisma'));
      mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
      for (const name of ['schema.prisma', 'schema.postgres.prisma']) writeFileSync(join(folder, 'prisma', name), '');
      writeFileSync(join(folder, 'node_modules/.bin/prisma'), '#!/bin/sh\necho no such provider >&2\nexit 3\n', {
        mode: 0o755,
      });
      return { CUTOVER_GENERATE_PROVIDER: '1' };
    },
    code: 'cutover.undone',
    says: /failed at its step generate and was undone, the application is where it was: .*exit code 3: no such provider/,
    hint: /prisma generate --schema/,
  },
  {
    name: 'a source with two names',
    spoil: ({ source }) => void linkSync(source, `${source}.other`),
    code: 'cutover.refused',
    says: /nothing was changed: .* is one of 2 names \(hard links\) of the same file \[source\.hard_link\]/,
    hint: /keep the one that the application opens/,
  },
  {
    name: 'a run folder that holds files',
    spoil: ({ folder }) => {
      mkdirSync(join(folder, 'used'));
      writeFileSync(join(folder, 'used/x'), '');
      return { CUTOVER_RUN_DIR: join(folder, 'used') };
    },
    code: 'usage.run_folder_used',
    says: /already holds files/,
    hint: /--cutover-run-dir/,
  },
];

for (const { name, spoil, needsRoot = false, envFile = envBefore, ...refusal } of badInputs) {
  const skip = needsRoot && !isRoot ? 'needs root' : false;
  test(`${name} is refused, and the application is where it was`, { skip }, async () => {
    await withApp(async (app) => {
      const env = spoil(app) ?? {};
      const options = { cwd: app.folder, env: { ...app.env, CUTOVER_CONFIRM: confirmation, ...env } };
      await checkRefusal(['cutover'], options, refusal);
      checkUntouched(app);
      if (envFile !== null) assert.equal(readFileSync(app.envPath, 'utf8'), envFile);
    });
  });
}

test('a database that somebody else writes to all the time is refused when its time limit is over, and holds on to nothing', async () => {
  await withApp(async (app) => {
    const other = new Database(app.source);
    other.exec('BEGIN IMMEDIATE');
    const options = { cwd: app.folder, env: { ...app.env, CUTOVER_CONFIRM: confirmation } };
    await checkRefusal(['cutover'], options, {
      code: 'cutover.undone',
      says: /failed at its step fence and was undone, .* is locked by another process/,
      hint: /find its holder/,
    });
    other.exec('ROLLBACK');
    other.close();
    checkUntouched(app);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    assert.equal((await statusOf(app))?.state, 'undone');
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
  });
});

/** A run folder on a disk of its own, so small that the snapshot, or what comes after it, does not fit. */
test('a full disk under the run folder undoes the cutover, and says what it needs', {
  skip: isRoot ? false : 'needs root to mount a disk',
}, async () => {
  await withApp(async (app) => {
    const disk = join(app.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      await checkRefused(
        app,
        { code: 'cutover.refused', says: /bytes free, the snapshot needs/, hint: /free some space/ },
        { CUTOVER_BASE_DIR: disk },
      );
      assert.deepEqual(readdirSync(disk), []);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/** Strikes when the target is asked for its digests, which comes after the migration and before the switch. */
async function strikeAtDigest(
  app: App,
  strike: (reset: () => void) => void,
  refusal: Refusal,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  let hasStruck = false;
  const onSend = (pair: { reset: () => void }, bytes: Buffer) => {
    if (hasStruck || !bytes.includes('hashtextextended((t.*)')) return true;
    hasStruck = true;
    strike(() => pair.reset());
    return true;
  };
  await withProxy(app.url, { onSend }, async ({ url }) => {
    const options = {
      cwd: app.folder,
      env: { ...app.env, CUTOVER_CONFIRM: confirmation, POSTGRES_DATABASE_URL: url, ...more },
    };
    await checkRefusal(['cutover'], options, refusal);
  });
  assert.ok(hasStruck);
}

test('a disk that runs full in the middle undoes the cutover', {
  skip: isRoot ? false : 'needs root to mount a disk',
}, async () => {
  await withApp(async (app) => {
    const disk = join(app.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', disk]);
    try {
      const fill = () => void spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k']);
      await strikeAtDigest(
        app,
        fill,
        {
          code: 'cutover.undone',
          says: /was undone, the application is where it was: .*ENOSPC/,
          hint: /check the disk of the run folder/,
        },
        { CUTOVER_BASE_DIR: disk },
      );
      checkUntouched(app);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      rmSync(join(disk, 'filler'));
      const again = await runFor(app, 'cutover', { env: { CUTOVER_BASE_DIR: disk } });
      assert.equal(again.exitCode, 0, again.stderr);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

test('a server that is lost in the middle undoes the cutover; the same command goes on later', async () => {
  await withApp(async (app, client) => {
    await strikeAtDigest(app, (reset) => reset(), {
      code: 'cutover.undone',
      says: /failed at its step digest and was undone.*lost the connection/,
      hint: /check that the server is up/,
    });
    checkUntouched(app);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    const again = await runFor(app, 'cutover');
    assert.equal(again.exitCode, 0, again.stderr);
    // What the application wrote meanwhile is there.
    const { rows } = await client.query('SELECT count(*)::int AS count FROM child');
    assert.deepEqual(rows, [{ count: 4 }]);
  });
});

test('an env file that is edited meanwhile is left as it is, and the database is opened again', async () => {
  await withApp(async (app) => {
    await strikeAtDigest(app, () => appendFileSync(app.envPath, '\nNEW=1\n'), {
      code: 'cutover.undone',
      says: /failed at its step switch and was undone.*was edited meanwhile/,
      hint: /let whoever edits it finish/,
    });
    checkUntouched(app);
    assert.equal(readFileSync(app.envPath, 'utf8'), `${envBefore}\nNEW=1\n`);
    assert.equal((await statusOf(app))?.state, 'undone');
  });
});

test('a database that is replaced by another file behind the fence stops the cutover before the switch', async () => {
  await withApp(async (app) => {
    const replace = () => {
      copyFileSync(app.source, `${app.source}.new`);
      renameSync(`${app.source}.new`, app.source);
    };
    await strikeAtDigest(app, replace, {
      code: 'cutover.undone',
      says: /failed at its step close and was undone.*the fence around the source did not hold: .* was replaced by another file/,
      hint: /stop whatever writes to the file/,
    });
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
  });
});

test('a writer that ignores all locks is noticed before the switch', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      const db = new Database(app.source);
      db.pragma('journal_mode = DELETE');
      db.close();
      const write = () =>
        void execFileSync('sqlite3', [
          `file:${app.source}?nolock=1`,
          `INSERT INTO child VALUES (99, 1, 'in spite of it')`,
        ]);
      await strikeAtDigest(app, write, {
        code: 'cutover.undone',
        says: /failed at its step close and was undone.*somebody has committed to/,
        hint: /without regard to its locks/,
      });
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    }),
  );
});
