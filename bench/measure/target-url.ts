import type { TargetAddress } from '../../src/model/target.js';

/** The address as a url that holds the password: only for a child's environment. */
export function addressUrl({ host, port, database, user, password }: TargetAddress): string {
  const url = new URL(`postgres://${host}:${port}/${encodeURIComponent(database)}`);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password ?? '');
  return url.href;
}
