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

/** Whether another session of this database has this application_name, or, without one, is of this role. */
export async function hasSession(client: TargetClient, name: string): Promise<boolean> {
  const found = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid() AND application_name NOT LIKE 'pgferry%'
        AND (application_name = $1 OR application_name = '' AND usename = $1) LIMIT 1`,
    [name],
  );
  return found.length > 0;
}
