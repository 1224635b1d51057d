import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildProgram, type Parsed, runProgram } from '../../src/cli/program.js';
import { codeOf, pagePaths, readPage } from '../support/page.js';

interface ShownLine {
  readonly path: string;
  readonly line: string;
}

/** What a name in angle brackets may stand for. */
const stands = { command: 'plan', action: 'list' } as const;

/** What a page shows as a command line of pgferry, in blocks and within its text, without what the shell does with it. */
function shownLines(path: string): ShownLine[] {
  const page = readPage(path);
  const blocks = [...page.matchAll(/^ *```(?:sh|text)\n(.*?)^ *```$/gms)].flatMap((match) =>
    (match[1] ?? '').split('\n'),
  );
  const inBlocks = blocks.flatMap(
    (line) => /^\s*(?:\$ |[A-Z_]+=\S+ )*pgferry (?<rest>.+)$/.exec(line)?.groups?.['rest'] ?? [],
  );
  const inText = codeOf(page.replace(/^ *```.*?^ *```$/gms, '')).flatMap(
    (code) => /^pgferry (?<rest>.+)$/.exec(code)?.groups?.['rest'] ?? [],
  );
  const plain = (rest: string): string =>
    rest.replaceAll(/<(command|action)>/g, (_, name) => stands[name as keyof typeof stands]);
  return [...inBlocks, ...inText].map((rest) => ({ path, line: plain(rest).replace(/ *(#|\||>|&&|;|…).*$/, '') }));
}

async function parse(line: string): Promise<Parsed> {
  const program = buildProgram('0.0.0', {
    run: async () => {},
    embedded: async () => {},
    apps: async () => {},
    configSchema: async () => {},
    completion: async () => {},
  });
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  const words = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  return await runProgram(
    program,
    words.map((word) => word.replace(/^(['"])(.*)\1$/, '$2')),
  );
}

test('every command line that a page shows is one that pgferry understands', async () => {
  const lines = pagePaths().flatMap(shownLines);
  assert.ok(lines.length > 60);
  for (const { path, line } of lines) {
    const parsed = await parse(line);
    assert.notEqual(parsed.tag, 'usage', `pgferry ${line} in ${path}: ${JSON.stringify(parsed)}`);
  }
});

test('every flag that a page names is a flag of some command', () => {
  const program = buildProgram('0.0.0', {
    run: async () => {},
    embedded: async () => {},
    apps: async () => {},
    configSchema: async () => {},
    completion: async () => {},
  });
  const known = new Set([program, ...program.commands].flatMap(({ options }) => options.map(({ long }) => long)));
  for (const path of pagePaths()) {
    const text = readPage(path).replace(/^ *```.*?^ *```$/gms, '');
    for (const code of codeOf(text).filter((one) => one.startsWith('--'))) {
      for (const [flag] of code.matchAll(/--[\w-]+/g)) {
        assert.ok(known.has(flag) || flag === '--help', `${flag} in ${path}`);
      }
    }
  }
});
