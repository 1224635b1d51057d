import type { ControlAnswer } from '../../lib/control-orders.js';
import { sanitize } from '../units.js';

/** What a run said to an order, and what holds for it now. */
export function describeControl({ message, state }: ControlAnswer, folder: string): string {
  const facts = [
    state.isPaused ? 'paused' : null,
    state.maxMbps === null ? null : `at most ${state.maxMbps} megabits per second`,
    state.workers === null ? null : `at most ${state.workers} chunks at a time`,
    state.isSwitchPostponed ? 'switch postponed' : null,
    state.isStopping ? 'stopping' : null,
  ].filter((fact) => fact !== null);
  const holds = facts.length === 0 ? 'nothing ordered' : facts.join(', ');
  return `✓ ${sanitize(message)}\n  ${state.command} in ${sanitize(folder)}, process ${state.pid}: ${holds}\n`;
}
