import { maskSecrets } from '../../lib/mask-secrets.js';
import { CopierError } from '../../model/error.js';
import { type Syntax, text } from './syntax.js';

/* The two sides: a file and a server are told apart by how they are written, and whatever else is named is called what it is. */

const form = 'pgferry migrate app.db postgresql://USER@HOST/DB';

interface Kind {
  readonly pattern: RegExp;
  readonly code: 'usage.swapped_sides' | 'usage.source_url' | 'usage.target_url';
  readonly is: string;
  readonly hint: string;
}

const notSources: readonly Kind[] = [
  {
    pattern: /^postgres(?:ql)?:|^(?:\S+=\S* +)*(?:host|dbname|hostaddr)=/i,
    code: 'usage.swapped_sides',
    is: 'a PostgreSQL database, and pgferry copies from SQLite to PostgreSQL',
    hint: `name the SQLite file first, the PostgreSQL URL second: ${form}`,
  },
  {
    pattern: /^(?:jdbc:)?(?:mysql|mariadb)\w*:/i,
    code: 'usage.source_url',
    is: 'a MySQL database, and pgferry reads SQLite alone',
    hint: 'pgloader copies from MySQL to PostgreSQL',
  },
  {
    pattern: /^(?:libsql|wss?):|^https?:\/\/[^/]*\.turso\.io/i,
    code: 'usage.source_url',
    is: 'a libSQL (Turso) database on a server, and pgferry reads a file of this machine',
    hint: 'let Turso write it: turso db shell NAME .dump | pgferry migrate - postgresql://USER@HOST/DB',
  },
  {
    pattern: /^(?:https?|ftp|s3|gs|ssh|sftp|scp):/i,
    code: 'usage.source_url',
    is: 'an address on the network, and pgferry reads a file of this machine',
    hint: 'bring the SQLite file here first; of one that is written to, copy what this makes: sqlite3 app.db ".backup copy.db"',
  },
  {
    pattern: /^sqlite3?:/i,
    code: 'usage.source_url',
    is: 'a URL with a scheme of its own',
    hint: 'give the path alone, such as ./app.db or file:./app.db',
  },
  {
    pattern: /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i,
    code: 'usage.source_url',
    is: 'a URL, and pgferry reads a SQLite file of this machine',
    hint: 'give the path of the SQLite file, such as ./app.db',
  },
];

const notTargets: readonly Kind[] = [
  {
    pattern: /^(?:file|sqlite3?):|^[^:]*\.(?:db|sqlite3?|db3)$/i,
    code: 'usage.swapped_sides',
    is: 'a SQLite file, and pgferry copies from SQLite to PostgreSQL',
    hint: `name the SQLite file first, the PostgreSQL URL second: ${form}`,
  },
  {
    pattern: /^(?:jdbc:)?(?:mysql|mariadb)\w*:/i,
    code: 'usage.target_url',
    is: 'a MySQL database, and pgferry writes to PostgreSQL alone',
    hint: 'give a URL such as postgresql://USER@HOST/DB',
  },
  {
    pattern: /^(?:libsql|wss?):|^https?:\/\/[^/]*\.turso\.io/i,
    code: 'usage.target_url',
    is: 'a libSQL (Turso) database, and pgferry writes to PostgreSQL alone',
    hint: 'give a URL such as postgresql://USER@HOST/DB',
  },
  {
    pattern: /^(?:\S+=\S* +)*(?:host|dbname|hostaddr)=/i,
    code: 'usage.target_url',
    is: 'a connection string of libpq',
    hint: 'write it as a URL: postgresql://USER@HOST:PORT/DB; the password may stand in PGPASSWORD',
  },
];

/** The SQLite file: a path, or a `file:` URL. */
export function sourceSyntax(): Syntax<string> {
  const { parse, ...others } = text();
  return {
    ...others,
    parse: (given, origin) => {
      refuseKinds(notSources, given, origin);
      return parse(given, origin);
    },
  };
}

/** The PostgreSQL URL; what else is wrong with it is told where it is taken apart, without a word of it. */
export function targetSyntax(): Syntax<string> {
  return {
    ...text(),
    parse: (given, origin) => {
      refuseKinds(notTargets, given, origin);
      if (given === '') return text().parse(given, origin);
      return given;
    },
  };
}

/** Whether a word of the command line is a server, not a file. */
export function isServer(word: string): boolean {
  return /^postgres(?:ql)?:/i.test(word);
}

function refuseKinds(kinds: readonly Kind[], given: string, origin: string): void {
  const kind = kinds.find(({ pattern }) => pattern.test(given.trim()));
  if (kind === undefined) return;
  throw new CopierError(kind.code, `${origin} ${JSON.stringify(maskSecrets(given))} is ${kind.is}`, {
    hint: kind.hint,
  });
}
