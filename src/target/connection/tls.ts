import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';

/**
 * The TLS options of an address, false for a plain connection. As in libpq: a unix socket is never encrypted, `require`
 * with a root certificate checks like `verify-ca`, and only the verify modes check anything else. Where no root
 * certificate is named, the verify modes trust Node's own list.
 */
export async function tlsOptions(address: TargetAddress): Promise<false | ConnectionOptions> {
  if (address.sslmode === 'disable' || address.host.startsWith('/')) return false;
  const options: ConnectionOptions = { rejectUnauthorized: isVerified(address) };
  if (address.sslRootCertPath !== null) options.ca = await readPem(address.sslRootCertPath, 'sslrootcert');
  if (address.sslCertPath !== null) options.cert = await readPem(address.sslCertPath, 'sslcert');
  if (address.sslKeyPath !== null) options.key = await readPem(address.sslKeyPath, 'sslkey');
  if (address.sslmode !== 'verify-full') options.checkServerIdentity = () => undefined;
  return options;
}

function isVerified({ sslmode, sslRootCertPath }: TargetAddress): boolean {
  return sslmode === 'verify-ca' || sslmode === 'verify-full' || (sslmode === 'require' && sslRootCertPath !== null);
}

async function readPem(path: string, parameter: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CopierError('target.tls', `cannot read ${parameter} file ${path}`, {
      hint: `correct ${parameter} in the target url`,
      cause: error,
    });
  }
}
