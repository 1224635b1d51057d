#!/bin/sh
# A copy script as a careful person writes it by hand for one migration: keys and indexes are dropped from a target that
# stands empty, sqlite3 writes CSV into psql for several tables at once, keys and indexes are made again, rows are counted.
# It takes DATETIME columns for milliseconds since 1970 and BLOB columns for bytes; no value is looked at, none is compared.
#
# usage: by-hand.sh FILE STREAMS    (the target is named by PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD)
set -eu
file=$1
streams=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export file

ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

constraints="FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
  WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f')"
add="SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s;', r.relname, c.conname, pg_get_constraintdef(c.oid)) $constraints"
indexes="FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE i.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid)"
ask "$add AND c.contype <> 'f'" > "$work/keys"
ask "SELECT pg_get_indexdef(x.indexrelid) || ';' $indexes" >> "$work/keys"
ask "$add AND c.contype = 'f'" > "$work/foreign-keys"
{
  ask "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I;', r.relname, c.conname) $constraints ORDER BY c.contype = 'f' DESC"
  ask "SELECT format('DROP INDEX %I;', i.relname) $indexes"
} > "$work/drop"
psql -X -q -v ON_ERROR_STOP=1 -f "$work/drop"

# A line per table: its name, a tab, its SELECT; the largest by its pages first would need dbstat, so they go as listed.
sqlite3 -readonly -list "$file" "
  SELECT t.name || char(9) || 'SELECT ' || (
      SELECT group_concat(CASE type
          WHEN 'DATETIME' THEN printf('CASE typeof(\"%w\") WHEN ''integer'' THEN strftime(''%%Y-%%m-%%d %%H:%%M:%%f'', \"%w\" / 1000.0, ''unixepoch'') ELSE \"%w\" END', name, name, name)
          WHEN 'BLOB' THEN printf('''\x'' || hex(\"%w\")', name)
          ELSE printf('\"%w\"', name) END, ', ')
        FROM pragma_table_info(t.name)) || printf(' FROM \"%w\"', t.name)
    FROM sqlite_schema AS t
   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name <> '_prisma_migrations'" > "$work/tables"

# shellcheck disable=SC2016
tr '\t\n' '\0\0' < "$work/tables" | xargs -0 -n 2 -P "$streams" sh -c '
  sqlite3 -readonly -csv "$file" "$2" | psql -X -q -v ON_ERROR_STOP=1 -c "\\copy \"$1\" from pstdin csv"' sh

# The statements are dealt out to as many sessions as there are streams; foreign keys come when all keys are there.
for statements in "$work/keys" "$work/foreign-keys"; do
  split -n "r/$streams" "$statements" "$statements."
  find "$work" -name "$(basename "$statements").*" -print0 |
    xargs -0 -n 1 -P "$streams" psql -X -q -v ON_ERROR_STOP=1 -c "SET maintenance_work_mem = '256MB'" -f
done
psql -X -q -v ON_ERROR_STOP=1 -c ANALYZE

while IFS="$(printf '\t')" read -r table _; do
  echo "SELECT '$table', count(*) FROM \"$table\";"
done < "$work/tables" > "$work/counts"
sqlite3 -readonly -list "$file" < "$work/counts" > "$work/here"
psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$work/counts" > "$work/there"
diff "$work/here" "$work/there" >&2
