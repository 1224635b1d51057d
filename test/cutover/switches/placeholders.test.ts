import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, wordsOf } from '../../../src/cutover/switches/placeholders.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';

const placeholder = (name: string): string => `\${${name}}`;

const { address } = parseTargetUrl("postgresql://app:p%40s'%20w@db.example:6432/my%20app?schema=crm&sslmode=require");
const more = { sourcePath: '/srv/app.db' };
const words = wordsOf(address, { password: address.password, more });

const expected: Readonly<Record<string, string>> = {
  targetHost: 'db.example',
  targetPort: '6432',
  targetDatabase: 'my app',
  targetUser: 'app',
  targetSchema: 'crm',
  targetSslmode: 'require',
  sourcePath: '/srv/app.db',
  targetUrl: 'postgresql://app@db.example:6432/my%20app?sslmode=require&options=-c%20search_path%3Dcrm',
  targetPrisma: 'postgresql://app@db.example:6432/my%20app?sslmode=require&schema=crm',
  targetPrismaWithPassword: 'postgresql://app:p%40s%27%20w@db.example:6432/my%20app?sslmode=require&schema=crm',
  targetSqlalchemy: 'postgresql+psycopg://app@db.example:6432/my%20app?sslmode=require&options=-c%20search_path%3Dcrm',
  targetJdbc: 'jdbc:postgresql://db.example:6432/my%20app?user=app&sslmode=require&currentSchema=crm',
  targetJdbcWithPassword:
    'jdbc:postgresql://db.example:6432/my%20app?user=app&password=p%40s%27%20w&sslmode=require&currentSchema=crm',
  targetLibpq: "host=db.example port=6432 dbname='my app' user=app sslmode=require options='-c search_path=crm'",
  targetLibpqWithPassword:
    "host=db.example port=6432 dbname='my app' user=app password='p@s\\' w' sslmode=require options='-c search_path=crm'",
  targetPassword: "p@s' w",
};

test('the placeholders in the forms of the frameworks', () => {
  for (const [name, value] of Object.entries(expected)) assert.equal(fill(placeholder(name), words).text, value, name);
});

test('only what holds the password counts as secret', () => {
  for (const name of words.keys()) assert.equal(fill(`x\${${name}}`, words).isSecret, /Password$/.test(name), name);
});

test('a URL with the password is read back as the same address', () => {
  const { text } = fill(placeholder('targetPrismaWithPassword'), words);
  assert.deepEqual(parseTargetUrl(text).address, address);
});

test('$${ is what stands there, and what is not known is refused with what is', () => {
  assert.deepEqual(fill(`$${placeholder('targetUrl')}`, words), {
    text: placeholder('targetUrl'),
    isSecret: false,
  });
  assert.throws(() => fill(placeholder('targeturl'), words), {
    code: 'cutover.switch_placeholder',
    hint: /\$\{targetUrl\}/,
  });
  const without = wordsOf(address, { password: null, more });
  assert.throws(() => fill(placeholder('targetUrlWithPassword'), without), { code: 'cutover.switch_password' });
});
