import { pid } from 'node:process';
import type { ControlAnswer, ControlRequest, ControlState } from '../../lib/control-orders.js';
import type { Context } from '../context.js';
import { openControlSocket } from './control-socket.js';

export interface ControlOptions {
  readonly command: string;
  /** The folder of the run. */
  readonly folder: string;
  /** Whether there is a switch that can be postponed. */
  readonly hasSwitch?: boolean;
}

/** Lets the operator speak to the run while `use` works, by the socket in its folder. */
export async function withControl<T>(context: Context, options: ControlOptions, use: () => Promise<T>): Promise<T> {
  const { journal } = context;
  const close = await openControlSocket(options.folder, {
    onRequest: (request) => obey(context, options, request),
    listen: (listener) => journal.listen(listener),
  });
  if (close === null) journal.note(`there is no control socket in ${options.folder}: its path is too long here`);
  try {
    return await use();
  } finally {
    close?.();
  }
}

function obey(context: Context, options: ControlOptions, request: ControlRequest): ControlAnswer {
  const refusal = refusalOf(options, request);
  const message = refusal ?? carryOut(context, request);
  if (refusal === null && request.action !== 'show') context.journal.note(`as ordered: ${message}`);
  return { ok: refusal === null, message, state: stateOf(context, options) };
}

/** Why the run cannot do that, or null. */
function refusalOf({ hasSwitch, command }: ControlOptions, { action, value }: ControlRequest): string | null {
  switch (action) {
    case 'postpone-switch':
    case 'switch-now':
      return hasSwitch === true ? null : `${command} switches nothing`;
    case 'workers':
      return value !== null && Number.isInteger(value) && value >= 1 ? null : 'workers needs a whole number from 1 on';
    case 'throttle':
      return value === null || value > 0 ? null : 'a limit must be above 0';
    default:
      return null;
  }
}

function carryOut({ orders }: Context, { action, value }: ControlRequest): string {
  switch (action) {
    case 'pause':
      orders.pause(true);
      return 'paused; chunks in work keep their transactions open until resume';
    case 'resume':
      orders.pause(false);
      return 'going on';
    case 'throttle':
      orders.throttle(value);
      return value === null ? 'no limit on what is sent' : `at most ${value} megabits per second`;
    case 'workers':
      orders.limitWorkers(value ?? 1);
      return `at most ${value} at a time, as soon as what is in work ends`;
    case 'postpone-switch':
      orders.postponeSwitch(true);
      return 'the switch waits for switch-now';
    case 'switch-now':
      orders.postponeSwitch(false);
      return 'the switch comes after the next round';
    case 'stop':
      orders.stop();
      return 'stopping at the edge of a chunk';
    case 'show':
      return 'at work';
  }
}

function stateOf({ orders }: Context, { command }: ControlOptions): ControlState {
  const { isPaused, maxMbps, workersNow: workers, isSwitchPostponed, stopping } = orders;
  return {
    command,
    pid,
    isPaused,
    maxMbps: maxMbps === 'none' ? null : maxMbps,
    workers,
    isSwitchPostponed,
    isStopping: stopping.aborted,
  };
}
