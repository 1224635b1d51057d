import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkRules, readConfig } from '../../src/cli/config-file.js';
import { Ajv } from 'ajv';
import { configSchema } from '../../src/cli/config-schema.js';
import { configKeys } from '../../src/cli/settings.js';
import { CopierError } from '../../src/model/error.js';
import { runCommand } from '../support/command.js';
import { withFolder } from '../support/folder.js';
import { root } from '../support/page.js';

/** The message with which a config file of this text is refused. */
async function refusalOf(text: string): Promise<CopierError> {
  return await withFolder(async (folder) => {
    const path = join(folder, 'c.json');
    writeFileSync(path, text);
    try {
      await readConfig(path);
    } catch (error) {
      if (error instanceof CopierError) return error;
      throw error;
    }
    return assert.fail(`taken: ${text}`);
  });
}

const whole = `\uFEFF{
  // comments are welcome
  "$schema": "./config.schema.json",
  "workers": 4, "chunkBytes": "32M", "tables": ["a"], "quiet?": 0,
  "policies": { "nul_byte": { "convert": "strip" }, "*": "quarantine" },
  "tableRules": {
    "1": { "target": "one", "columns": { "a/b~c": { "unit": "ms", "zone": "Europe/Berlin", "type": "text" } } }
  }
}`.replace(', "quiet?": 0', '');

test('a config file may have comments and rules, and comes back as it is', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'c.json');
    writeFileSync(path, whole);
    const config = await readConfig(path);
    assert.equal(JSON.stringify(config['policies']), '{"nul_byte":{"convert":"strip"},"*":"quarantine"}');
    assert.equal(config['workers'], 4);
  });
});

const columns = (text: string) => `{ "tableRules": {\n "1": { "columns": {\n  "a/b~c": { ${text} } } } } }`;

const wrong: readonly (readonly [text: string, code: string, says: RegExp])[] = [
  ['{\n "workers": "many" }', 'config_value', /c\.json, line 2, column 13: workers must match pattern/],
  ['{ "workers": 1,\n  "workers": 2 }', 'config_value', /line 2, column 3: workers is given twice/],
  ['{ "targetURL": "SECRET" }', 'config_key', /line 1, column 3: unknown settings: "targetURL"/],
  ['{ "json": true }', 'config_key', /unknown settings: "json"/],
  ['{ "policies": {\n "nul_byt": "fail" } }', 'config_value', /line 2, column 2: policies\.nul_byt is no hazard/],
  ['{ "policies": { "nul_byte": "SECRET" } }', 'config_value', /nul_byte must be one of fail, quarantine/],
  [
    '{ "policies": { "nul_byte": { "convert": "SECRET" } } }',
    'config_value',
    /column 42: policies\.nul_byte\.convert must be one of strip, escape, default, null/,
  ],
  ['{ "policies": { "nul_byte": {} } }', 'config_value', /must have required property 'convert'/],
  ['{ "policies": { "duplicate_key": { "convert": "null" } } }', 'config_value', /one of fail, quarantine/],
  ['{ "policies": { "*": { "convert": "null" } } }', 'config_value', /policies\.\* must be one of/],
  [
    columns('"unit": "h"'),
    'config_value',
    /line 3, column 22: tableRules\.1\.columns\."a\/b~c"\.unit must be one of s/,
  ],
  [columns('"zones": ""'), 'config_value', /line 3, column 14: .*\.zones is no key of the config file/],
  [columns('"zone": ""'), 'config_value', /zone must NOT have fewer than 1 characters/],
];

for (const [text, code, says] of wrong) {
  test(`a config file with ${JSON.stringify(text)} is refused with line, column and key`, async () => {
    const error = await refusalOf(text);
    assert.match(error.message, says);
    assert.deepEqual([error.code, error.exitCode], [`usage.${code}`, 2]);
    assert.doesNotMatch(error.message + error.hint, /SECRET/);
    assert.match(error.hint, code === 'config_key' ? /known settings: sourcePath/ : /config-schema/);
  });
}

test('all mistakes of a config file are reported at once, in the order of the file, up to a bound', async () => {
  const two = await refusalOf('{ "policies": { "a": 1 },\n "reader": "fast", "tables": [1] }');
  assert.match(
    two.message,
    /policies\.a is no hazard; .*line 2, column 12: reader must be.*; .*tables\.0 must be string/,
  );
  const many = Array.from({ length: 30 }, (_, i) => `"h${i}": "fail"`).join(', ');
  assert.match((await refusalOf(`{ "policies": { ${many} } }`)).message, /h9 is no hazard; and 20 more$/);
});

test('a health check names one thing, and seeded rows have one of four fates', async () => {
  assert.match((await refusalOf('{ "health": [{ "within": "1s" }] }')).message, /must name a url, a session or sqlite/);
  const both = '{ "health": [{ "url": "http://a", "session": "b" }] }';
  assert.match((await refusalOf(both)).message, /must name a url, a session or sqlite, and only one/);
  for (const seeded of ['"mix"', '{ "match": [] }', '{ "keep": true }'])
    assert.match(
      (await refusalOf(`{ "tableRules": { "t": { "seeded": ${seeded} } } }`)).message,
      /tableRules\.t\.seeded/,
    );
});

test('the rules that a program gives are held to the same schema', async () => {
  await checkRules({ policies: { orphan: { convert: 'set-null' } } });
  await assert.rejects(checkRules({ tableRules: { t: { columns: 'x' } } }), {
    code: 'usage.config_value',
    message: 'tableRules.t.columns must be object',
  });
});

test('the published schema has every key, and is what the command prints and the package ships', async () => {
  const schema = configSchema();
  assert.equal(new Ajv().validateSchema(schema), true);
  const { stdout, exitCode } = await runCommand(['config-schema'], { cwd: root });
  assert.equal(exitCode, 0);
  assert.deepEqual(JSON.parse(stdout), schema);
  assert.deepEqual(JSON.parse(readFileSync(join(root, 'dist/src/config.schema.json'), 'utf8')), schema);
  assert.deepEqual(Object.keys(schema['properties'] as object).sort(), [...configKeys, '$schema'].sort());
});
