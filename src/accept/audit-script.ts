import { escapeUnprintable } from '../lib/printable.js';
import { quoteShell } from '../lib/shell-word.js';
import type { Sides, TableReport } from '../model/result.js';
import type { KeysetReport } from '../model/shadow.js';
import type { Snapshot } from '../model/source.js';
import type { TargetAddress } from '../model/target.js';

/** What the script recomputes for one table. */
export interface AuditedTable {
  readonly report: TableReport;
  readonly keyset: KeysetReport;
  readonly count: Sides<string>;
}

export interface Audit {
  readonly snapshot: Snapshot;
  /** The name of the snapshot where it lies beside the script, else null. */
  readonly snapshotName: string | null;
  readonly address: TargetAddress;
  readonly isUtf16: boolean;
  readonly tables: readonly AuditedTable[];
}

/**
 * A POSIX shell script that recomputes every count and hash with sqlite3, psql and sha256sum alone, and says equal or
 * not. No secret is in it: the password comes from the environment.
 */
export function auditScript(audit: Audit): string {
  const { snapshot, snapshotName, address, isUtf16, tables } = audit;
  const source = snapshotName === null ? quoteShell(snapshot.path) : `"$here"/${quoteShell(snapshotName)}`;
  return [
    head,
    `accepted_file=${source}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    'source_file=${1:-$accepted_file}',
    `source_sha256=${snapshot.sha256}`,
    `is_utf16=${isUtf16 ? 1 : 0}`,
    `standard_host=${quoteShell(address.host)} standard_port=${address.port}`,
    `standard_user=${quoteShell(address.user)} standard_database=${quoteShell(address.database)}`,
    `standard_sslmode=${address.sslmode}`,
    functions,
    ...tables.map(tableCall),
    tail,
  ].join('\n');
}

function tableCall({ report, keyset, count }: AuditedTable): string {
  const { table, sourceRows, targetRows } = report;
  const { sha256, sql, leftOut, isKept } = keyset;
  return [
    `table ${quoteShell(escapeUnprintable(table))} ${sourceRows} ${targetRows} ${isKept ? 1 : 0} \\`,
    `  ${quoteShell(count.source)} \\`,
    `  ${quoteShell(count.target)} \\`,
    `  ${quoteShell(sha256.source)} ${quoteShell(sha256.target)} \\`,
    `  ${quoteShell(sql.source)} \\`,
    `  ${quoteShell(sql.target)} \\`,
    `  ${quoteShell(leftOut.map(({ column, reason }) => `${escapeUnprintable(column)}: ${reason}`).join('; '))}`,
  ].join('\n');
}

const head = `#!/bin/sh
# Recomputes the counts and key hashes of an acceptance with sqlite3, psql and sha256sum, and compares.
#
#   PGPASSWORD=… sh audit.sh [SQLite file]
#
# The source is the snapshot of the acceptance, unless another file is named. The target is the one that was
# accepted; PG_URL, or libpq's own PGHOST, PGPORT, PGUSER, PGDATABASE and so on, name another way to it.
# A table's keys are printed one line per row, in their order, as COPY … TO STDOUT writes them.
# Exit code: 0 all equal, 1 something differs, 2 it could not be computed.
set -u
LC_ALL=C
export LC_ALL
case $0 in */*) here=\${0%/*} ;; *) here=. ;; esac
here=$(cd "$here" && pwd) || exit 2`;

const functions = String.raw`
fail() {
  printf '%s\n' "$1" >&2
  exit 2
}

# Percent-decodes $1 into $decoded.
decode() {
  undecoded=$1
  decoded=
  while :; do
    case $undecoded in
      *%[0-9A-Fa-f][0-9A-Fa-f]*) ;;
      *) break ;;
    esac
    decoded=$decoded\${undecoded%%\%*}
    undecoded=\${undecoded#*%}
    hex=\${undecoded%"\${undecoded#??}"}
    undecoded=\${undecoded#??}
    decoded=$decoded$(printf "\\$(printf '%03o' "0x$hex")")
  done
  decoded=$decoded$undecoded
}

# Takes $1 apart into PGHOST and so on, so that no password stands in the arguments of a program. Parameters that
# libpq does not know, such as Prisma's schema, are left out.
use_url() {
  rest=\${1#*://}
  query=
  case $rest in *\?*) query=\${rest#*\?} rest=\${rest%%\?*} ;; esac
  case $rest in */*) decode "\${rest#*/}" && PGDATABASE=$decoded && export PGDATABASE && rest=\${rest%%/*} ;; esac
  case $rest in
    *@*)
      login=\${rest%@*} rest=\${rest##*@}
      case $login in *:*) decode "\${login#*:}" && PGPASSWORD=$decoded && export PGPASSWORD && login=\${login%%:*} ;; esac
      decode "$login" && PGUSER=$decoded && export PGUSER
      ;;
  esac
  case $rest in
    \[*\]*) PGHOST=\${rest#\[} && PGHOST=\${PGHOST%%\]*} && rest=\${rest##*\]} ;;
    *) PGHOST=\${rest%%:*} ;;
  esac
  case $rest in *:*) PGPORT=\${rest##*:} && export PGPORT ;; esac
  export PGHOST
  while [ -n "$query" ]; do
    pair=\${query%%&*}
    case $query in *\&*) query=\${query#*&} ;; *) query= ;; esac
    decode "\${pair#*=}"
    case \${pair%%=*} in
      sslmode) PGSSLMODE=$decoded && export PGSSLMODE ;;
      sslrootcert) PGSSLROOTCERT=$decoded && export PGSSLROOTCERT ;;
      sslcert) PGSSLCERT=$decoded && export PGSSLCERT ;;
      sslkey) PGSSLKEY=$decoded && export PGSSLKEY ;;
      host) PGHOST=$decoded && export PGHOST ;;
      port) PGPORT=$decoded && export PGPORT ;;
    esac
  done
}

for program in sqlite3 psql sha256sum; do
  command -v "$program" >/dev/null || fail "audit.sh needs $program"
done
url=\${POSTGRES_DATABASE_URL:-\${PG_URL:-}}
if [ -n "$url" ]; then use_url "$url"; fi
: "\${PGHOST:=$standard_host}" "\${PGPORT:=$standard_port}" "\${PGUSER:=$standard_user}"
: "\${PGDATABASE:=$standard_database}" "\${PGSSLMODE:=$standard_sslmode}"
PGOPTIONS='-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c search_path=pg_catalog -c row_security=off -c default_transaction_read_only=on'
PGCLIENTENCODING=UTF8
export PGHOST PGPORT PGUSER PGDATABASE PGSSLMODE PGOPTIONS PGCLIENTENCODING

psql -X -q -A -t -w -c 'SELECT 1' >/dev/null || fail 'the target cannot be reached: set PGPASSWORD or PGPASSFILE, or PG_URL'
[ -r "$source_file" ] || fail "the source $source_file cannot be read"
# Newer versions of sqlite3 write control characters as ^X unless told otherwise.
escape=
if sqlite3 -batch -escape off :memory: 'SELECT 1' >/dev/null 2>&1; then escape='-escape off'; fi

# A file in UTF-16 orders texts otherwise, so its rows are read from a copy in UTF-8.
read_file=$source_file
if [ "$is_utf16" = 1 ]; then
  read_file=$here/audit-utf8-$$.db
  trap 'rm -f "$read_file"' EXIT
  trap 'exit 2' HUP INT TERM
  umask 077
  { printf 'PRAGMA journal_mode = OFF;\n'; sqlite3 -init /dev/null -batch -readonly "$source_file" .dump; } |
    sqlite3 -init /dev/null -batch "$read_file" >/dev/null || fail 'the copy in UTF-8 could not be made'
fi

# Both programs drop the carriage return at the end of a line that they read, which may stand in a name: such a
# statement is given as an argument. Others are read, since an argument has a limit that many columns go beyond.
carriage_return=$(printf '\r')

in_sqlite() {
  # shellcheck disable=SC2086
  case $1 in
    *"$carriage_return"*)
      sqlite3 -init /dev/null -batch -bail $escape -list -noheader -readonly "$read_file" "$1" </dev/null
      ;;
    *) printf '%s;\n' "$1" | sqlite3 -init /dev/null -batch -bail $escape -list -noheader -readonly "$read_file" ;;
  esac
}

in_postgres() {
  case $1 in
    *"$carriage_return"*) psql -X -q -A -t -w -v ON_ERROR_STOP=1 -c "$1" ;;
    *) printf '%s;\n' "$1" | psql -X -q -A -t -w -v ON_ERROR_STOP=1 -f - ;;
  esac
}

digest() {
  sum=$(sha256sum)
  printf '%s' "\${sum%% *}"
}

differing=0
unequal() {
  differing=$((differing + 1))
  printf 'DIFFERS  %s\n' "$1"
}

table() {
  before=$differing
  rows=$(in_sqlite "$5")
  [ "$rows" = "$2" ] || unequal "$1: the source has \${rows:-no count of} rows, accepted were $2"
  rows=$(in_postgres "$6")
  [ "$rows" = "$3" ] || unequal "$1: the target has \${rows:-no count of} rows, accepted were $3"
  if [ -z "$7" ]; then
    printf 'counted  %s: %s rows; its keys have no form in plain SQL\n' "$1" "$rows"
    return
  fi
  source_hash=$(in_sqlite "$9" | digest)
  target_hash=$(in_postgres "\${10}" | digest)
  [ "$source_hash" = "$7" ] || unequal "$1: the keys of the source have $source_hash, accepted was $7"
  [ "$target_hash" = "$8" ] || unequal "$1: the keys of the target have $target_hash, accepted was $8"
  # Where rows are in quarantine, or were converted, the two hashes need not be the same.
  if [ "$4" = 0 ] && [ "$source_hash" != "$target_hash" ]; then unequal "$1: the keys of both sides differ"; fi
  [ "$differing" != "$before" ] || printf 'equal    %s: %s rows, keys %s\n' "$1" "$rows" "$target_hash"
  [ -z "\${11}" ] || printf '         not in the hash: %s\n' "\${11}"
}

if [ "$source_file" = "$accepted_file" ]; then
  found=$(sha256sum <"$source_file")
  found=\${found%% *}
  if [ "$found" = "$source_sha256" ]; then
    printf 'equal    %s: sha256 %s\n' "$source_file" "$found"
  else
    unequal "$source_file: it has sha256 $found, accepted was $source_sha256"
  fi
fi
`.replaceAll('\\${', '${');

const tail = `
if [ "$differing" = 0 ]; then
  printf 'equal: every count and hash is as it was accepted\\n'
else
  printf 'DIFFERS: %s\\n' "$differing"
  exit 1
fi
`;
