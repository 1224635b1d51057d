import type { DoctorResult } from '../../model/doctor.js';
import type { Context } from '../../run/context.js';
import { checkDisk, checkNode, checkSource, checkTimeZone } from './machine.js';
import { checkServerSide } from './server.js';

/**
 * The doctor command: everything that a run needs, looked at one by one, and what is missing with what to do. Writes
 * nothing, starts no server, and goes on where one thing is amiss.
 */
export async function runDoctor(context: Context): Promise<DoctorResult> {
  const { settings } = context;
  const checks = [
    checkNode(),
    ...(await checkSource(settings)),
    await checkDisk(settings),
    checkTimeZone(),
    ...(await checkServerSide(context)),
  ];
  return { ok: checks.every(({ state }) => state !== 'problem'), checks };
}
