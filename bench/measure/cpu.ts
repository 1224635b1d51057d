import { readdirSync, readFileSync } from 'node:fs';

/*
 * CPU times of processes from /proc. The line of a process in /proc/<pid>/stat holds its own CPU time and that of its
 * children which have ended and been waited for. So the difference of "own + waited-for" of this process before and
 * after a child is exactly the child's time. The server's time is the sum over the postmaster and its living children;
 * children that end meanwhile are counted by the postmaster.
 */

/** USER_HZ: the kernel reports times to programs in hundredths of a second, whatever its own clock is. */
const msPerTick = 10;

interface ProcStat {
  readonly parent: number;
  readonly name: string;
  readonly ownTicks: number;
  readonly waitedTicks: number;
}

/** Reads one line of /proc/<pid>/stat (proc(5)): the name is in brackets and may hold any character. */
export function parseStat(line: string): ProcStat {
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  const field = (index: number): number => Number(fields[index] ?? 'NaN');
  return {
    parent: field(1),
    name: line.slice(line.indexOf('(') + 1, close),
    ownTicks: field(11) + field(12),
    waitedTicks: field(13) + field(14),
  };
}

function readStat(pid: number | 'self'): ProcStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It has ended, or this system has no /proc: both mean that there is nothing to read.
    return null;
  }
}

/** CPU time of all children of this process that have ended, ms; null where the system does not say. */
export function readChildrenCpuMs(): number | null {
  const stat = readStat('self');
  return stat === null ? null : stat.waitedTicks * msPerTick;
}

/** CPU time of a server: its postmaster and all its children, living and ended, ms. */
export function readServerCpuMs(postmaster: number): number | null {
  const root = readStat(postmaster);
  if (root === null) return null;
  let ticks = root.ownTicks + root.waitedTicks;
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? readStat(Number(entry)) : null;
    if (stat !== null && stat.parent === postmaster) ticks += stat.ownTicks + stat.waitedTicks;
  }
  return ticks * msPerTick;
}

/** The postmaster of a backend on this machine; null where that pid is no Postgres here, as with a remote server. */
export function findPostmaster(backend: number): number | null {
  const stat = readStat(backend);
  const parent = stat === null ? null : readStat(stat.parent);
  return stat?.name.startsWith('postgres') && parent?.name.startsWith('postgres') ? stat.parent : null;
}

/** The largest resident size that a living process has had so far, bytes; null where it has ended. */
export function readPeakBytes(pid: number): number | null {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match?.[1] === undefined ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}

/** The server's CPU over a stretch of work; null where it is on another machine. */
export async function withServerCpu<T>(
  postmaster: number | null,
  work: () => Promise<T>,
): Promise<{ done: T; serverCpuMs: number | null }> {
  const before = postmaster === null ? null : readServerCpuMs(postmaster);
  const done = await work();
  const after = postmaster === null ? null : readServerCpuMs(postmaster);
  return { done, serverCpuMs: before === null || after === null ? null : after - before };
}
