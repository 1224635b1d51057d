/** What the operator can say to a run that works. */
export type ControlAction =
  | 'pause'
  | 'resume'
  | 'throttle'
  | 'workers'
  | 'postpone-switch'
  | 'switch-now'
  | 'stop'
  | 'show';

/** Each action, with what it does, for help and for messages. */
export const controlActions: Readonly<Record<ControlAction, string>> = {
  pause: 'hold the copy, and begin no further round',
  resume: 'go on after a pause',
  throttle: 'send at most --max-mbps N from now on; without it, as fast as it goes',
  workers: 'copy N chunks at a time at most; what is in work ends first',
  'postpone-switch': 'let a live cutover take rounds until switch-now, and not switch',
  'switch-now': 'let it switch after its next round',
  stop: 'end at the edge of a chunk, as the first Ctrl-C does',
  show: 'tell what was ordered so far',
};

export function isControlAction(word: string): word is ControlAction {
  return Object.hasOwn(controlActions, word);
}

/** One line of JSON to the control socket of a run. */
export interface ControlRequest {
  readonly action: ControlAction;
  /** Megabits per second, or chunks at a time; null where the action takes no number. */
  readonly value: number | null;
}

/** The line that answers. */
export interface ControlAnswer {
  readonly ok: boolean;
  readonly message: string;
  readonly state: ControlState;
}

/** What holds for a run now. */
export interface ControlState {
  readonly command: string;
  readonly pid: number;
  readonly isPaused: boolean;
  /** null: no limit but those the run began with. */
  readonly maxMbps: number | null;
  readonly workers: number | null;
  readonly isSwitchPostponed: boolean;
  readonly isStopping: boolean;
}
