import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { commandRows } from '../../src/cli/help.js';
import { buildProgram, type Invocation, type Parsed, runProgram } from '../../src/cli/program.js';
import { optionsOf } from '../../src/cli/options/table.js';
import { readSettings } from '../../src/cli/settings.js';
import { runJson } from '../support/command.js';
import { withFolder } from '../support/folder.js';

const columns = 80;

interface Call {
  readonly parsed: Parsed;
  readonly invocations: readonly Invocation[];
  readonly actions: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program on a command line, with actions that only note what they are called with. */
async function call(...argv: readonly string[]): Promise<Call> {
  const invocations: Invocation[] = [];
  const actions: string[] = [];
  let stdout = '';
  let stderr = '';
  const program = buildProgram('9.8.7', {
    run: async (invocation) => void invocations.push(invocation),
    embedded: async (action) => void actions.push(action),
    apps: async () => {},
    configSchema: async () => void actions.push('config-schema'),
    completion: async (shell) => void actions.push(`completion ${shell}`),
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        stdout += text;
      },
      writeErr: (text) => {
        stderr += text;
      },
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
    });
  }
  const parsed = await runProgram(program, argv);
  return { parsed, invocations, actions, stdout, stderr };
}

test('a command line becomes one plain invocation', async () => {
  const { parsed, invocations } = await call('plan', '--source', 'a.db', '--keep-constraints', '--config', 'c.json');
  assert.deepEqual(parsed, { tag: 'ran' });
  assert.deepEqual(invocations, [
    {
      command: 'plan',
      word: null,
      detail: null,
      sides: [],
      flags: { sourcePath: 'a.db', keepConstraints: true },
      configPath: 'c.json',
      form: 'page',
      isWhole: false,
      isJson: false,
      isQuiet: false,
      isJsonProgress: false,
    },
  ]);
});

test('flags that nobody gave are not in the invocation, so that environment and config can speak', async () => {
  const { invocations } = await call('migrate');
  assert.deepEqual(invocations[0]?.flags, {});
});

test('every flag of the table reaches its setting, in every command that has it', async () => {
  for (const { name, argument } of commandRows) {
    const rows = optionsOf(name);
    const argv = rows.flatMap(({ flag, value }) => (value === null ? [`--${flag}`] : [`--${flag}`, 'given']));
    const { parsed, invocations } = await call(name, ...(argument === undefined ? [] : ['word']), ...argv);
    assert.equal(parsed.tag, 'ran', name);
    assert.equal(invocations[0]?.word, argument === undefined ? null : 'word');
    const wanted = Object.fromEntries(rows.map(({ setting, value }) => [setting, value === null ? true : 'given']));
    assert.deepEqual(invocations[0]?.flags, wanted, name);
    assert.equal(invocations[0]?.isJson, true);
    assert.equal(invocations[0]?.isQuiet, true);
  }
});

const misunderstood: readonly (readonly [title: string, argv: readonly string[], wanted: RegExp])[] = [
  ['an unknown flag', ['plan', '--fromat', 'text'], /unknown option '--fromat'[\s\S]*--format/],
  ['a flag of another command', ['verify', '--fresh'], /unknown option '--fresh'/],
  ['an unknown command', ['migrat'], /unknown command 'migrat'[\s\S]*migrate/],
  ['a flag without its value', ['copy', '--source'], /argument missing/],
  ['a word too many', ['status', 'app.db', 'postgresql://h/d', 'now'], /too many arguments/],
  ['embedded without an action', ['embedded'], /missing required argument 'action'/],
  ['completion without a shell', ['completion'], /missing required argument 'shell' \(bash, zsh or fish\)$/],
  [
    'a source before any command',
    ['app.db', 'postgresql://app:x@h/d'],
    /^unknown command 'app\.db'\n\(a command comes first: pgferry plan SOURCE TARGET, [^)]+\)$/,
  ],
  ['no command at all', [], /no command was given/],
];

for (const [title, argv, wanted] of misunderstood) {
  test(`${title} is a matter of usage: it is named, and nothing runs`, async () => {
    const { parsed, invocations, actions, stdout } = await call(...argv);
    assert.equal(parsed.tag, 'usage');
    assert.match(parsed.tag === 'usage' ? parsed.message : '', wanted);
    assert.deepEqual([invocations, actions, stdout], [[], [], '']);
  });
}

test('what an action throws comes through as it is', async () => {
  const thrown = new Error('no');
  const program = buildProgram('1', {
    run: () => Promise.reject(thrown),
    embedded: () => Promise.resolve(),
    apps: async () => {},
    configSchema: () => Promise.resolve(),
    completion: () => Promise.resolve(),
  });
  await assert.rejects(runProgram(program, ['status']), thrown);
});

test('embedded hands its action on', async () => {
  const { actions } = await call('embedded', 'stop');
  assert.deepEqual(actions, ['stop']);
});

test('help and the version go to stdout and are no failure', async () => {
  assert.deepEqual((await call('--version')).stdout, '9.8.7\n');
  for (const argv of [['help'], ['--help'], ['help', 'copy'], ['copy', '-h']]) {
    const { parsed, stdout, stderr } = await call(...argv);
    assert.equal(parsed.tag, 'help', argv.join(' '));
    assert.match(stdout, /^Usage: pgferry/);
    assert.equal(stderr, '');
  }
});

for (const name of [...commandRows.map((row) => row.name), 'embedded']) {
  test(`help of ${name} fits ${columns} columns, has examples that parse, and names each default once`, async () => {
    const { stdout } = await call('help', name);
    for (const line of stdout.split('\n')) assert.ok(line.length <= columns, `${line.length} columns: ${line}`);
    const examples = [...stdout.matchAll(/^ {2}\$ (?:\w+=\S+ )*pgferry (.+)$/gm)].map((match) => match[1] ?? '');
    assert.ok(examples.length > 0);
    for (const example of examples) {
      const argv = example.split(/ [|>]/)[0]?.trim().split(' ') ?? [];
      assert.deepEqual((await call(...argv)).parsed, { tag: 'ran' }, example);
    }
    for (const entry of stdout.split(/^ {2}(?=-)/m)) {
      assert.ok((entry.match(/\(default:/g) ?? []).length <= 1, entry);
    }
  });
}

test('help reads the same on every machine: no number of cores in it, no byte counts', async () => {
  const { stdout } = await call('help', 'migrate');
  assert.match(stdout, /--workers <n> +worker threads \(default: one per core\)/);
  assert.doesNotMatch(stdout, new RegExp(`default: ${availableParallelism()}\\)`));
  assert.match(stdout, /\(default: 16M, or whole tables\)/);
  assert.match(stdout, /\(default: 256k\)/);
});

test('the words that help uses for defaults mean the defaults', () => {
  const standard = readSettings({ command: 'migrate', flags: {}, env: {}, config: {} });
  const spelled = readSettings({
    command: 'migrate',
    flags: { blockBytes: '256k' },
    env: {},
    config: {},
  });
  assert.deepEqual(spelled, standard);
  assert.equal(standard.workers, availableParallelism());
  assert.equal(standard.connections, standard.workers);
});

test('a config file cannot set how the command talks: json and quiet are flags alone', () => {
  for (const name of ['json', 'quiet']) {
    assert.throws(
      () => readSettings({ command: 'plan', flags: {}, env: {}, config: { [name]: true } }),
      (error: Error & { code?: string }) => error.code === 'usage.config_key' && error.message.includes(name),
    );
  }
});

test('with --json a command line that is not understood is reported as JSON too', async () => {
  await withFolder(async (folder) => {
    const { exitCode, json } = await runJson(['plan', '--frobnicate'], { cwd: folder });
    assert.equal(exitCode, 2);
    assert.equal(json.ok, false);
    assert.equal(json.error?.code, 'usage.command_line');
    assert.match(json.error?.message ?? '', /--frobnicate/);
  });
});
