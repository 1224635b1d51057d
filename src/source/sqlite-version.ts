import { join, sep } from 'node:path';
import { quoteShell } from '../lib/shell-word.js';
import { installationOf, packageFolder } from '../platform/installation.js';

/** What of process.versions decides. */
export interface NodeVersions {
  readonly node: string;
  /** The version of Node-API. */
  readonly napi?: string;
}

const ofNode20 = '12.11.1';
const ofLaterNode = '13.2.0';

/** Why a better-sqlite3 would end this process, or null where it runs. */
export function fitOf(version: string, { node, napi }: NodeVersions): string | null {
  if (Number.parseInt(version, 10) >= 13) {
    return Number(napi ?? 0) >= 10 ? null : `it needs Node 22.14 or newer, this is ${node}`;
  }
  const [major = 0, minor = 0] = node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 19) ? `it can end Node 24.19 and newer, this is ${node}` : null;
}

/** What to do where better-sqlite3, found in `folder`, is missing (null) or does not fit. */
export function otherVersionHint(folder: string | null, of: NodeVersions): string {
  const major = Number.parseInt(of.node, 10);
  if (major !== 20 && fitOf(ofLaterNode, of) !== null) return 'use Node 20, or 22.14 and newer';
  const wanted = `better-sqlite3@${major === 20 ? ofNode20 : ofLaterNode}`;
  if (installationOf(packageFolder) === 'pnpm') {
    return `pnpm does not look at the version of Node: use Node 22.14 or newer, or say in pnpm-workspace.yaml "overrides: { better-sqlite3: ${wanted.slice(wanted.indexOf('@') + 1)} }" and run pnpm install`;
  }
  const root = rootOf(folder);
  // What tests need is in pgferry's own list, for a clone; in a project npm would take its owner's away.
  const omitted = root === packageFolder && installationOf(packageFolder) !== 'clone' ? ' --omit=dev' : '';
  return `install the one that fits: npm install --no-save${omitted} --prefix ${quoteShell(root)} ${wanted}`;
}

/** The folder whose node_modules holds the package. */
function rootOf(folder: string | null): string {
  const held = `${sep}${join('node_modules', 'better-sqlite3')}`;
  return folder?.endsWith(held) === true ? folder.slice(0, -held.length) : packageFolder;
}
