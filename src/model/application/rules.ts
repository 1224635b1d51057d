/* What an operator says about the application that is moved: how it is switched, what is run at which moment, what shows its health. */

/** How a configuration file of an application is written. */
export type FileFormat = 'env' | 'json' | 'yaml' | 'toml' | 'ini';

/** What a key of a configuration file can be set to. */
export type SwitchValue = string | number | boolean | null;

/** The keys of one file, a symbolic link, or a command with its undo. Exactly one of the first seven keys is there. */
export interface SwitchRule {
  readonly envFile?: string;
  readonly json?: string;
  readonly yaml?: string;
  readonly toml?: string;
  readonly ini?: string;
  readonly link?: string;
  readonly run?: string | readonly string[];
  /** Of a file: new values by key. */
  readonly set?: Readonly<Record<string, SwitchValue>>;
  /** Of an env file: which keys that it does not set may be added; true for all. */
  readonly add?: boolean | readonly string[];
  /** Of a link: where it leads on PostgreSQL. */
  readonly to?: string;
  /** Of a command: what takes it back. */
  readonly undo?: string | readonly string[];
  /** Of a command: the folder in which it runs. */
  readonly in?: string;
  /** Of a command: how long it may take. */
  readonly within?: string | number;
}

/** The moments at which an operator's commands run. */
export const hookEdges = [
  'before-fence',
  'fenced',
  'before-switch',
  'after-switch',
  'after-health',
  'undone',
  'before-rollback',
  'after-rollback',
] as const;

export type HookEdge = (typeof hookEdges)[number];

/** A command that runs at an edge of a cutover or rollback; a text alone is the command. */
export interface HookRule {
  readonly run: string | readonly string[];
  readonly in?: string;
  readonly within?: string | number;
  /** Names of secrets that its environment gets. */
  readonly secrets?: readonly HookSecret[];
}

export type HookSecret = 'targetUrlWithPassword';

export type HookRules = Readonly<Partial<Record<HookEdge, readonly (string | HookRule)[]>>>;

/** One of several files of one application that are cut over together. */
export interface GroupRule {
  readonly source: string;
  readonly schema: string;
  /** What holds for this file alone, by the keys of the config file. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * An address that must answer once the application is switched, a session that it must have in PostgreSQL, or the SQLite file,
 * which no process may have open any more: one of the three.
 */
export interface HealthRule {
  readonly url?: string;
  /** The application_name of a session, or the role of one that has none. */
  readonly session?: string;
  readonly sqlite?: 'closed';
  /** 200 where left out. */
  readonly status?: number;
  readonly contains?: string;
  /** 60 s where left out. */
  readonly within?: string | number;
}

/** What was planned for one switch, as far as going on and going back must know. It holds no value of a key. */
export type PlannedSwitch =
  | {
      readonly kind: 'file';
      /** Absolute. */
      readonly path: string;
      readonly format: FileFormat;
      readonly keys: readonly string[];
      /** SHA-256 of the whole file, lower-case hex. */
      readonly sha256Before: string;
      readonly sha256After: string;
      /** Copies of both, beside the file, with its mode. */
      readonly beforePath: string;
      readonly afterPath: string;
    }
  | { readonly kind: 'link'; readonly path: string; readonly before: string; readonly after: string }
  | {
      readonly kind: 'command';
      readonly run: string | readonly string[];
      readonly undo: string | readonly string[];
      readonly folder: string;
      readonly withinMs: number;
    };
