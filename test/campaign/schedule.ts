import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { exitCodes, must } from '../../src/model/error.js';
import { type Ended, runCommand, startCommand } from '../support/command.js';
import { isStopped } from '../support/runs.js';
import { type Draw, drawFault, type Fault, pick, plant } from './planted-fault.js';
import { World } from './world.js';

/*
 * One seeded schedule: commands of which most fail at one point, other people's acts between and amidst them, and then
 * the ordinary commands that end it, as the messages say. After every step both databases are compared with what they
 * acknowledged.
 */

/** What one schedule did, and what was wrong: an empty list is the only right one. */
export interface Outcome {
  readonly steps: readonly string[];
  readonly wrongs: readonly string[];
}

type Command = 'migrate' | 'follow' | 'cutover' | 'rollback' | 'release';

/** Writers wait for the last round alone; how long it may take is another test's affair. */
const liveArgs = ['--live', '--downtime-max', '600s'];

/** Longer than any command of a database of three rows takes on a busy machine. */
const hungMs = 120_000;

export async function runSchedule(folder: string, url: string, client: pg.Client, draw: Draw): Promise<Outcome> {
  return await new Schedule(World.make(folder, url, client), draw).run();
}

class Schedule {
  readonly #steps: string[] = [];
  readonly #wrongs: string[] = [];
  #counter = 0;
  /** How often somebody else did something. */
  #acts = 0;

  constructor(
    readonly world: World,
    readonly draw: Draw,
  ) {}

  async run(): Promise<Outcome> {
    // The act of somebody else never waits for a command that stands still.
    await this.world.client.query(`SET lock_timeout = '200ms'; SET statement_timeout = '10s'`);
    let fault = drawFault(this.draw);
    const count = 2 + this.draw.below(3);
    for (let at = 0; at < count && this.#wrongs.length === 0; at++) {
      // A fault that stays strikes the next command too, at the same point.
      fault = at > 0 && fault?.isForever !== true ? drawFault(this.draw) : fault;
      const command = this.#drawCommand();
      const isLive = command === 'cutover' && this.draw.below(2) === 0;
      await this.#command(command, fault, isLive ? liveArgs : []);
      if (this.draw.below(2) === 0) await this.#act();
    }
    if (this.#wrongs.length === 0) await this.#end();
    await this.world.letGo();
    return { steps: this.#steps, wrongs: this.#wrongs };
  }

  #drawCommand(): Command {
    const drawn = this.draw.below(12);
    if (this.world.side === 'sqlite')
      return drawn < 6 ? 'cutover' : pick(['migrate', 'migrate', 'follow', 'follow', 'rollback', 'release'], drawn - 6);
    return drawn < 8 ? 'rollback' : pick(['release', 'cutover', 'release', 'follow'], drawn - 8);
  }

  /** Runs a command, with a fault or without, and looks at both databases when it is over. */
  async #command(command: Command, fault: Fault | null, more: readonly string[] = []): Promise<Ended> {
    this.#counter += 1;
    const counter = join(this.world.app.folder, `points-${this.#counter}`);
    const planted = fault === null ? {} : plant({ ...fault, counter });
    const env = { ...this.world.app.env, ...planted, CUTOVER_CONFIRM: confirmation };
    const { child, ended } = startCommand([command, ...more], { cwd: this.world.app.folder, env });
    const pid = must(child.pid, 'pid');
    let isOver = false;
    void ended.finally(() => {
      isOver = true;
    });
    const actsBefore = this.#acts;
    const until = performance.now() + hungMs;
    let isHung = false;
    while (!isOver) {
      await Promise.race([ended, wait(20)]);
      if (!isOver && isStopped(pid)) {
        await this.#act();
        child.kill(this.draw.below(2) === 0 ? 'SIGKILL' : 'SIGCONT');
      } else if (performance.now() > until) {
        isHung = true;
        child.kill('SIGKILL');
      }
    }
    const result = await ended;
    const points = existsSync(counter) ? statSync(counter).size : 0;
    const also = fault?.second === undefined ? '' : `, then ${fault.second.how} ${fault.second.after} later`;
    const planned =
      fault === null
        ? 'undisturbed'
        : `${fault.how} ${fault.side} ${fault.at} of ${points} from '${fault.from}'${also}`;
    if (result.exitCode === exitCodes.bug) this.#wrongs.push(`${command} ended as a bug: ${result.stderr}`);
    this.#steps.push(
      `${command} ${more.join(' ')} (${planned}): ${result.exitCode ?? result.signal} ${codeOf(result)}`,
    );
    if (isHung) this.#wrongs.push(`${command} hung`);
    await this.world.letGo();
    await this.#look(command, result, this.#acts === actsBefore);
    return result;
  }

  async #look(command: Command, { exitCode }: Ended, isAlone: boolean): Promise<void> {
    const wrongs = await this.world.findWrongs();
    const isCopy = command === 'migrate' || command === 'follow' || command === 'cutover';
    if (exitCode === 0 && isCopy && isAlone) wrongs.push(...(await this.world.findMissing()));
    const state = await this.#state();
    if (exitCode === 0 && command === 'cutover' && this.world.side !== 'postgres')
      wrongs.push('complete, not switched');
    if (exitCode === 0 && command === 'rollback' && this.world.side !== 'sqlite') wrongs.push('complete, not back');
    if (state === 'switched' && this.world.side !== 'postgres') wrongs.push('the ledger says switched');
    if (state === 'rolled_back' && this.world.side !== 'sqlite') wrongs.push('the ledger says rolled back');
    this.#wrongs.push(...wrongs);
  }

  async #state(): Promise<string | null> {
    const { client } = this.world;
    const { rows: found } = await client.query(`SELECT to_regclass('pgferry.cutover') IS NOT NULL AS is`);
    if (found[0]?.is !== true) return null;
    const { rows } = await client.query('SELECT state FROM pgferry.cutover ORDER BY number DESC LIMIT 1');
    return rows[0]?.state ?? null;
  }

  /** What somebody else does. */
  async #act(): Promise<void> {
    const { world } = this;
    this.#acts += 1;
    const acts: readonly (readonly [string, () => unknown])[] = [
      ['the application writes', () => world.write(world.side)],
      ['the application writes', () => world.write(world.side)],
      ['somebody writes to SQLite', () => world.write('sqlite')],
      ['somebody writes to PostgreSQL', () => world.write('postgres')],
      ['VACUUM of SQLite', () => world.onSqlite((db) => db.exec('VACUUM'))],
      ['checkpoint of SQLite', () => world.onSqlite((db) => db.pragma('wal_checkpoint(TRUNCATE)'))],
      ['VACUUM of PostgreSQL', () => this.#tryOnPostgres('VACUUM')],
      ['a release that cannot ask the target', () => this.#releaseAlone()],
      ['SQLite leaves WAL', () => world.onSqlite((db) => db.pragma('journal_mode = DELETE'))],
      ['an index on PostgreSQL', () => this.#tryOnPostgres('CREATE INDEX ON child (note)')],
      ['a column on PostgreSQL', () => this.#tryOnPostgres('ALTER TABLE child ADD COLUMN IF NOT EXISTS more integer')],
      ['a table is written anew on PostgreSQL', () => this.#tryOnPostgres('VACUUM FULL log')],
      ['another SQLite file of the same rows', () => world.replaceSqlite()],
      ['a table of PostgreSQL is held', () => world.hold('LOCK TABLE child IN SHARE MODE')],
      ['rows of PostgreSQL are held', () => world.hold('SELECT FROM log FOR UPDATE')],
      ['the runs of the ledger are held', () => world.hold('LOCK TABLE pgferry.run IN ACCESS EXCLUSIVE MODE')],
      ['the cutovers of the ledger are held', () => world.hold('LOCK TABLE pgferry.cutover IN SHARE MODE')],
    ];
    const [what, act] = pick(acts, this.draw.below(acts.length));
    this.#steps.push(`${what}: ${(await act()) !== false}`);
  }

  /** Somebody who has not the URL at hand lets the application work, and it does. */
  async #releaseAlone(): Promise<boolean> {
    const { folder, env } = this.world.app;
    const ended = await runCommand(['release'], { cwd: folder, env: { ...env, POSTGRES_DATABASE_URL: '' } });
    return ended.exitCode === 0 && (await this.world.write('sqlite'));
  }

  async #tryOnPostgres(sql: string): Promise<boolean> {
    try {
      await this.world.client.query(sql);
      return true;
    } catch {
      return false;
    }
  }

  /** Brings it to an end, as the messages say. */
  async #end(): Promise<void> {
    const settled = [null, 'undone', 'switched', 'released', 'rolled_back'];
    const wantsBack = this.draw.below(2) === 0;
    for (let tries = 0; tries < 6 && this.#wrongs.length === 0; tries++) {
      const state = await this.#state();
      const isBack = this.world.side === 'sqlite';
      if (settled.includes(state) && (isBack || !wantsBack)) {
        const isOpen = this.world.side === 'postgres' || (await this.world.write('sqlite'));
        if (!isOpen) this.#wrongs.push(`SQLite is closed, and the cutover is ${state}`);
        return;
      }
      await this.#goOn(state);
    }
    if (this.#wrongs.length === 0) this.#wrongs.push(`it came to no end: ${await this.#state()}`);
  }

  async #goOn(state: string | null): Promise<void> {
    const isBack = this.world.side === 'sqlite';
    if (state === 'proving' && this.draw.below(2) === 0) {
      await this.#command('cutover', null);
      return;
    }
    if ((state === 'closing' || state === 'preparing') && isBack) {
      const ended = await this.#command(state === 'closing' && this.draw.below(2) === 0 ? 'release' : 'cutover', null);
      // PostgreSQL has rows of others: the way that the message names is back.
      if (ended.exitCode !== 0 && (await this.#state()) === 'closing') await this.#command('release', null);
      return;
    }
    const ended = await this.#command('rollback', null);
    if (ended.stderr.includes('rollback.target_writes')) await this.#giveUp('postgres', ['--discard-target-writes']);
    if (ended.stderr.includes('rollback.source_writes')) await this.#sourceWrites();
  }

  async #sourceWrites(): Promise<void> {
    if (this.draw.below(2) === 0)
      await this.#giveUp('sqlite', ['--source-writes', 'discard', '--discard-target-writes']);
    else await this.#giveUp('postgres', ['--source-writes', 'keep', '--discard-target-writes']);
  }

  async #giveUp(side: 'sqlite' | 'postgres', options: readonly string[]): Promise<void> {
    this.world.givenUp.add(side);
    if (options.includes('--discard-target-writes')) this.world.givenUp.add('postgres');
    const ended = await this.#command('rollback', null, options);
    if (ended.stderr.includes('rollback.source_writes')) await this.#sourceWrites();
  }
}

/** The code of the failure, for the list of steps. */
function codeOf({ stderr }: Ended): string {
  return (
    /\b[a-z]+\.[a-z_]+\b(?=[^a-z]*)/.exec(
      stderr.split('\n').findLast((line) => /error|failed|\[/.test(line)) ?? '',
    )?.[0] ?? ''
  );
}
