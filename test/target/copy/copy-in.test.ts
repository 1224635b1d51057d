import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopierError } from '../../../src/model/error.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { copyIn } from '../../../src/target/copy/copy-in.js';
import { withDatabase } from '../../support/database.js';

const into = { schema: 'public', table: 't', columns: ['id', 'note'], format: 'text' } as const;

async function withTable(use: (client: TargetClient, other: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE t (id bigint PRIMARY KEY, note text)');
    const { address } = parseTargetUrl(url);
    const options = { applicationName: 'test' };
    await withTarget(address, options, (client) => withTarget(address, options, (other) => use(client, other)));
  });
}

async function countRows(client: TargetClient): Promise<number> {
  return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM public.t'))[0]?.n);
}

test('a text copy takes blocks cut anywhere and gives the row count of the server', async () => {
  await withTable(async (client) => {
    const rows = await copyIn(client, { ...into, nullText: 'NUL' }, async (write) => {
      for (const part of ['1\tone\n2', '\tNUL\n3\t', '', '\\\\N\n']) await write(Buffer.from(part));
    });
    assert.equal(rows, 3);
    const notes = await client.query('SELECT note FROM public.t ORDER BY id');
    assert.deepEqual(notes, [{ note: 'one' }, { note: null }, { note: '\\N' }]);
  });
});

test('a binary copy works, and so does one that is fed nothing in text format', async () => {
  await withTable(async (client) => {
    const row = Buffer.from('00020000000800000000000000070000000161', 'hex');
    const header = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
    const rows = await copyIn(client, { ...into, format: 'binary' }, (write) =>
      write(Buffer.concat([header, row, Buffer.from('ffff', 'hex')])),
    );
    assert.equal(rows, 1);
    assert.equal(await copyIn(client, into, async () => undefined), 0);
    assert.deepEqual(await client.query('SELECT id, note FROM public.t'), [{ id: '7', note: 'a' }]);
  });
});

for (const blockBytes of [400, 5_000, 200_000]) {
  test(`a block of ${blockBytes} bytes may be overwritten as soon as write has resolved`, async () => {
    await withTable(async (client, other) => {
      // The server takes no more until we let it, so the socket's queue must fill.
      await client.query(`CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$`);
      await client.query('CREATE TRIGGER w BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.wait()');
      await other.query('SELECT pg_advisory_lock(1)');
      const block = Buffer.alloc(blockBytes);
      let rowsLeft = Number.POSITIVE_INFINITY;
      let sent = 0;
      await copyIn(client, into, async (write) => {
        for (; rowsLeft > 0; rowsLeft -= 1) {
          block.fill('x');
          block.write(`${sent}\t`);
          block.write('\n', blockBytes - 1);
          const written = write(block);
          sent += 1;
          const isFull = client.raw.connection.stream.writableLength > 0 && sent * blockBytes > 1_000_000;
          if (isFull && rowsLeft === Number.POSITIVE_INFINITY) {
            rowsLeft = 50;
            setImmediate(() => void other.query('SELECT pg_advisory_unlock(1)'));
          }
          await written;
          block.fill('!');
        }
      });
      assert.deepEqual(await client.query(`SELECT id FROM public.t WHERE note !~ '^x+$'`), []);
      assert.equal(await countRows(client), sent);
    });
  });
}

test('the error of a feed that throws is the one thrown, the copy leaves no row, and the client goes on', async () => {
  await withTable(async (client) => {
    const error = new Error('the reader broke');
    const copy = copyIn(client, into, async (write) => {
      await write(Buffer.from('1\ta\n'));
      throw error;
    });
    await assert.rejects(copy, (thrown) => thrown === error);
    await assert.rejects(
      copyIn(client, into, () => Promise.reject(error)),
      (thrown) => thrown === error,
    );
    assert.equal(await countRows(client), 0);
  });
});

test('a feed that throws while its own write is pending ends all the same', async () => {
  await withTable(async (client) => {
    const error = new Error('the reader broke');
    const copy = copyIn(client, into, async (write) => {
      void write(Buffer.alloc(8_000_000, 'x'));
      throw error;
    });
    await assert.rejects(copy, (thrown) => thrown === error);
    assert.equal(await countRows(client), 0);
  });
});

test('a row that the server rejects makes the pending write fail with line and column named', async () => {
  await withTable(async (client) => {
    let seen: unknown;
    const copy = withTransaction(client, () =>
      copyIn(client, into, async (write) => {
        try {
          await write(Buffer.from('1\ta\nx\tb\n'));
          // A socket that takes each block at once would leave no turn in which the answer can be read.
          for (let i = 0; i < 10_000; i += 1) {
            await write(Buffer.alloc(100_000, 'y'));
            await nextTurn();
          }
        } catch (error) {
          seen = error;
          throw error;
        }
      }),
    );
    await assert.rejects(copy, (error) => {
      assert(error instanceof CopierError);
      assert.equal(error.code, 'data.rejected');
      assert.match(error.message, /COPY t, line 2, column id/);
      assert.deepEqual([error.table, error.column], ['t', 'id']);
      assert.equal(seen, error);
      return true;
    });
    assert.equal(await countRows(client), 0);
  });
});

test('an error that comes only at the end, or before the copy begins, is translated too', async () => {
  await withTable(async (client) => {
    const twice = copyIn(client, into, (write) => write(Buffer.from('1\ta\n1\tb\n')));
    await assert.rejects(twice, { code: 'data.rejected', key: 'id=1' });
    const nowhere = copyIn(client, { ...into, table: 'absent' }, (write) => write(Buffer.from('1\ta\n')));
    await assert.rejects(nowhere, { code: 'target.failed', foreignCode: '42P01' });
    assert.equal(await countRows(client), 0);
  });
});

test('a connection that dies in the middle of a copy makes it fail and not hang', async () => {
  await withTable(async (client, other) => {
    const [backend] = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const copy = copyIn(client, into, async (write) => {
      await write(Buffer.from('1\ta\n'));
      await other.query('SELECT pg_terminate_backend($1)', [backend?.pid]);
      for (;;) await write(Buffer.alloc(100_000, 'y'));
    });
    await assert.rejects(copy, { code: 'target.connection_lost' });
    const later = copyIn(client, into, (write) => write(Buffer.from('1\ta\n')));
    await assert.rejects(later, { code: 'target.connection_lost' });
    assert.equal(await countRows(other), 0);
  });
});

test('an abort ends a copy that waits for the server', async () => {
  await withTable(async (client, other) => {
    const abort = new AbortController();
    await withTransaction(other, async () => {
      await other.query('LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE');
      const options = { applicationName: 'test', signal: abort.signal };
      await withTarget(client.address, options, async (waiting) => {
        const copy = copyIn(waiting, into, async (write) => {
          setImmediate(() => abort.abort());
          await write(Buffer.from('1\ta\n'));
        });
        await assert.rejects(copy, { code: 'interrupted.aborted' });
      });
    });
  });
});
