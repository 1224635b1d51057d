import type { TargetAddress } from '../../model/target.js';
import { CopierError } from '../../model/error.js';

/** What a placeholder stands for. */
export interface Word {
  readonly value: string;
  readonly isSecret: boolean;
}

/** What `${…}` stands for in the values of a switch, by name. */
export type Words = ReadonlyMap<string, Word>;

/** A value with its placeholders replaced, and whether it holds the password. */
export interface Filled {
  readonly text: string;
  readonly isSecret: boolean;
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

type Form = (address: TargetAddress, login: string, password: string | null) => string;

/** The forms in which frameworks write the address of a database. */
const forms: Readonly<Record<string, Form>> = {
  targetUrl: (address, login) => urlOf('postgresql', address, login, 'plain'),
  targetPrisma: (address, login) => urlOf('postgresql', address, login, 'prisma'),
  targetSqlalchemy: (address, login) => urlOf('postgresql+psycopg', address, login, 'plain'),
  targetJdbc: (address, _login, password) => jdbcOf(address, password),
  targetLibpq: (address, _login, password) => libpqOf(address, password),
};

/** Every placeholder of this target. Those with a password are only there where one is known. */
export function wordsOf(
  address: TargetAddress,
  { password, more }: { readonly password: string | null; readonly more: Readonly<Record<string, string>> },
): Words {
  const { host, port, database, user, schema, sslmode } = address;
  const parts = {
    targetHost: host,
    targetPort: String(port),
    targetDatabase: database,
    targetUser: user,
    targetSchema: schema,
    targetSslmode: sslmode,
    ...more,
  };
  const words = new Map<string, Word>();
  for (const [name, value] of Object.entries(parts)) words.set(name, { value, isSecret: false });
  for (const [name, form] of Object.entries(forms)) {
    words.set(name, { value: form(address, encode(user), null), isSecret: false });
    if (password === null) continue;
    const login = `${encode(user)}:${encode(password)}`;
    words.set(`${name}WithPassword`, { value: form(address, login, password), isSecret: true });
  }
  if (password !== null) words.set('targetPassword', { value: password, isSecret: true });
  return words;
}

/** `$${` stands for `${`. Errors: `cutover.switch_placeholder`, `cutover.switch_password`. */
export function fill(template: string, words: Words): Filled {
  let isSecret = false;
  const text = template.replace(/\$(\$\{)|\$\{([^}]*)\}/g, (_whole, escaped: string | undefined, name = '') => {
    if (escaped !== undefined) return escaped;
    const word = words.get(name);
    if (word === undefined) throw unknown(name, words);
    isSecret ||= word.isSecret;
    return word.value;
  });
  return { text, isSecret };
}

function unknown(name: string, words: Words): CopierError {
  if (/^target\w*Password$/.test(name)) {
    return new CopierError('cutover.switch_password', `\${${name}} is to be written, and no password is known`, {
      hint: 'give it in the URL of the target, in PGPASSWORD or in a password file, or leave the placeholder out',
    });
  }
  const known = [...words.keys()].map((word) => `\${${word}}`).join(', ');
  return new CopierError('cutover.switch_placeholder', `there is no placeholder \${${name}}`, {
    hint: `known are ${known}; write $\${ for a \${ that is meant as it stands`,
  });
}

const isSocket = ({ host }: TargetAddress): boolean => host.startsWith('/');

function urlOf(scheme: string, address: TargetAddress, login: string, kind: 'plain' | 'prisma'): string {
  const { host, port, database, schema, sslmode } = address;
  const authority = isSocket(address) ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const parameters = [
    ...(isSocket(address) ? [`host=${encode(host)}`, `port=${port}`] : []),
    ...(sslmode === 'prefer' ? [] : [`sslmode=${sslmode}`]),
    ...(kind === 'prisma' ? [`schema=${encode(schema)}`] : searchPath(schema)),
  ];
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  return `${scheme}://${login}@${authority}/${encode(database)}${query}`;
}

function searchPath(schema: string): string[] {
  return schema === 'public' ? [] : [`options=${encode(`-c search_path=${schema}`)}`];
}

/** JDBC has no authority for a user before the host. */
function jdbcOf({ host, port, database, user, schema, sslmode }: TargetAddress, password: string | null): string {
  const parameters = [
    `user=${encode(user)}`,
    ...(password === null ? [] : [`password=${encode(password)}`]),
    ...(sslmode === 'prefer' ? [] : [`sslmode=${sslmode}`]),
    ...(schema === 'public' ? [] : [`currentSchema=${encode(schema)}`]),
  ];
  return `jdbc:postgresql://${host.includes(':') ? `[${host}]` : host}:${port}/${encode(database)}?${parameters.join('&')}`;
}

/** libpq's keywords and values. */
function libpqOf({ host, port, database, user, schema, sslmode }: TargetAddress, password: string | null): string {
  const quote = (value: string) => (/^[\w./:-]+$/.test(value) ? value : `'${value.replace(/['\\]/g, '\\$&')}'`);
  const pairs: readonly (readonly [string, string])[] = [
    ['host', host],
    ['port', String(port)],
    ['dbname', database],
    ['user', user],
    ...(password === null ? [] : [['password', password] as const]),
    ...(sslmode === 'prefer' ? [] : [['sslmode', sslmode] as const]),
    ...(schema === 'public' ? [] : [['options', `-c search_path=${schema}`] as const]),
  ];
  return pairs.map(([name, value]) => `${name}=${quote(value)}`).join(' ');
}
