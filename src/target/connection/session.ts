import { CopierError } from '../../model/error.js';
import type { TargetClient } from './client.js';
import { sessionSettings } from './session-settings.js';

/**
 * The role's limit of time goes first and alone, by a statement that reads no catalog: on a busy machine the next one
 * may take longer than the role allows. One round trip then sets everything that this server's version knows and what
 * has a prefix, which no server knows, another reads it back. The url's own settings come first so that ours win. A
 * commit must be durable whatever the role says. Money is read and written as C has it, but where the place of the server
 * gives it other than two fraction digits: what C would store is another amount there. A server that checks its
 * connection soon ends the statement of a killed client; one that probes it (over TCP) drops within minutes, not hours,
 * the session of a machine that has gone, and the run's lock with it.
 */
export async function applySettings(client: TargetClient): Promise<void> {
  await client.query('SET statement_timeout = 0', [], { doing: 'setting up the session' });
  const settings = [...Object.entries(client.address.settings), ...Object.entries(client.settings)];
  await client.query(
    `SELECT pg_catalog.set_config(s.name, s.value, false)
       FROM unnest($1::text[], $2::text[], $3::text[]) AS s(name, value, origin)
      WHERE s.origin = 'url' OR s.name LIKE '%.%' OR pg_catalog.current_setting(s.name, true) IS NOT NULL`,
    [
      settings.map(([name]) => name),
      settings.map(([, value]) => value),
      settings.map((_, i) => (i < Object.keys(client.address.settings).length ? 'url' : 'ours')),
    ],
    { doing: 'setting up the session' },
  );
  await client.query(
    `SELECT set_config(s.name, s.wanted, false)
       FROM (VALUES ('synchronous_commit', '^off$', 'on'), ('client_connection_check_interval', '^0$', '5s'),
                    ('tcp_keepalives_idle', '[0-9]{3,}', '60'), ('tcp_keepalives_interval', '[0-9]{2,}', '10'),
                    ('tcp_keepalives_count', '[4-9]|[0-9]{2,}', '3'), ('lc_monetary', '^(?!C$)', 'C')) AS s(name, unwanted, wanted)
      WHERE current_setting(s.name, true) ~ s.unwanted
        AND (s.name <> 'client_connection_check_interval' OR version() ~ 'linux')
        AND (s.name <> 'lc_monetary' OR scale(1::money::numeric) = 2)`,
  );
  await checkSettings(client);
}

async function checkSettings(client: TargetClient): Promise<void> {
  // Only our settings are compared, since only they are written as the server prints them: `lock_timeout=5000` reads
  // back as 5s.
  const names = Object.keys(sessionSettings).filter((name) => client.settings[name] === sessionSettings[name]);
  const rows = await client.query<{ name: string; value: string | null }>(
    'SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS s(name)',
    [names],
  );
  for (const { name, value } of rows) {
    if (value === null || value === sessionSettings[name]) continue;
    throw new CopierError('target.setting', `postgres keeps ${name} = ${value}, we need ${sessionSettings[name]}`, {
      hint: 'a pooler between us and the server may drop session settings; connect to the server itself',
    });
  }
}

/** Brings the session back to how connectTarget made it, after statements of others that may have SET anything. */
export async function restoreSession(client: TargetClient): Promise<void> {
  // DISCARD ALL would also release our advisory locks.
  for (const what of ['SESSION AUTHORIZATION', 'ROLE', 'ALL']) await client.query(`RESET ${what}`);
  await applySettings(client);
}
