import { CopierError } from '../../model/error.js';

/** The parts of a target url as written, not yet decoded. */
export interface UrlParts {
  readonly user: string;
  readonly password: string | null;
  /** With its brackets where it is an IPv6 address. */
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly parameters: readonly (readonly [string, string])[];
}

const knownParameter =
  /\?(?=(?:schema|ssl\w*|host|port|user|password|dbname|options|connect_timeout|connection_limit|application_name|pool_timeout|pgbouncer|socket_timeout|statement_cache_size|channel_binding|target_session_attrs)=)/i;

/**
 * Cuts a url apart without decoding it. Unlike the URL class this takes a raw `@`, `/`, `?`, `:`, `#` and `%` in the
 * password: the query begins at the `?` before a parameter that we know (else at the first one after the last `@`), and
 * the user's part ends at the last `@` before it. The price: an `@` in the name of a database must be written %40.
 */
export function splitUrl(url: string): UrlParts {
  const scheme = /^postgres(?:ql)?:\/\//i.exec(url);
  if (scheme === null) throw refuseUrl('the target url does not start with postgresql:// or postgres://');
  const rest = url.slice(scheme[0].length);
  const queryAt = findQuery(rest);
  const head = rest.slice(0, queryAt);
  const at = head.lastIndexOf('@');
  const slash = head.indexOf('/', at + 1);
  const authority = head.slice(at + 1, slash === -1 ? undefined : slash);
  const hostAndPort = /^(\[[0-9a-f:.%\w]*\]|[^:[\]@?#]*)(?::(.*))?$/i.exec(authority);
  if (hostAndPort === null) throw refuseUrl('the target url has no readable host');
  return {
    ...splitUser(at === -1 ? '' : head.slice(0, at)),
    host: hostAndPort[1] ?? '',
    port: hostAndPort[2] ?? '',
    database: slash === -1 ? '' : head.slice(slash + 1),
    parameters: splitQuery(rest.slice(queryAt + 1)),
  };
}

/** Undoes percent-encoding; what is not an escape, or not UTF-8 when undone, stays as it is written. */
export function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function findQuery(rest: string): number {
  const known = rest.search(knownParameter);
  if (known !== -1) return known;
  const other = rest.indexOf('?', rest.lastIndexOf('@') + 1);
  return other === -1 ? rest.length : other;
}

function splitUser(text: string): { user: string; password: string | null } {
  const colon = text.indexOf(':');
  if (colon === -1) return { user: text, password: null };
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function splitQuery(query: string): (readonly [string, string])[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}

/** The refusal of a target url; the caller takes care to repeat nothing that could be the password. */
export function refuseUrl(message: string, hint = 'write postgresql://USER:PASSWORD@HOST:PORT/DB'): CopierError {
  const encoding = 'in a password write @ as %40, : as %3A and / as %2F';
  return new CopierError('usage.target_url', message, { hint: `${hint}; ${encoding}` });
}
