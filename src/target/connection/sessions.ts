import type { TargetClient } from './client.js';

/** Another session of this database that is none of ours, in words; null where there is none. */
export async function findApplication(client: TargetClient): Promise<string | null> {
  const [found] = await client.query<{ user: string; name: string }>(
    `SELECT usename AS "user", application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        AND application_name NOT LIKE 'pgferry%' AND application_name NOT IN ('psql', 'pg_dump', 'pgAdmin 4')
      ORDER BY backend_start DESC LIMIT 1`,
  );
  if (found === undefined) return null;
  return found.name === '' ? `user ${found.user}` : `${found.name} (user ${found.user})`;
}
