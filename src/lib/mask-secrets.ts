import { CopierError } from '../model/error.js';

/*
 * What an operator names may hold a password or a token: the user's part of a URL, or one of its parameters. This is the
 * one way in which such a text is printed. It rather hides too much than too little: what follows a secret is gone too,
 * since a password that was not encoded may hold any sign that ends it.
 */

const hidden = '…';

/** `scheme://user:password@`, up to the last `@`; a path that was normalized has one slash. */
const userOfUrl = /([a-z][a-z0-9+.-]+:\/+).*@/gis;
/** `scheme://user:password` without a host: what follows the colon is no port. `file:` has neither. */
const userAlone = /(?<!\w)((?!file:)[a-z][a-z0-9+.-]+:\/+[^/:?#@\s[\]]*:)(?!\d{1,5}(?:[/?#\s]|$)).+/is;
/** `user:password@host` without a scheme. */
const userWithoutScheme = /^[^\s/:@]+:(?!\/).*@/s;
/** A parameter of a URL, or of a connection string, whose name smells of a secret. */
const parameter = /((?:^|[?&;#,\s])[\w.%-]*(?:token|pass|pwd|secret|auth|key|credential|signature)[\w.%-]*=).+/is;
/** A signed token, by the two JSON objects that it begins with. */
const signedToken = /\beyJ[\w-]{8,}\.[\w-]{4,}[\w.-]*/g;

/** A header of HTTP that lets one in, as a command line gives it. */
const header = /((?:^|[\s"'])(?:(?:proxy-)?authorization|x-[\w-]*(?:token|key|secret|auth)[\w-]*)\s*:\s*).+/is;
/** An option whose name smells of a secret, with its value as the next word. */
const optionOfSecret = /((?:^|\s)--[\w-]*(?:token|password|passwd|secret|api-?key)\s+).+/is;

/** A path or URL as it may be printed: without password, user's part, and parameters that may be secrets. */
export function maskSecrets(text: string): string {
  return text
    .replace(userOfUrl, `$1${hidden}@`)
    .replace(userAlone, `$1${hidden}`)
    .replace(userWithoutScheme, `${hidden}@`)
    .replace(parameter, `$1${hidden}`)
    .replace(header, `$1${hidden}`)
    .replace(optionOfSecret, `$1${hidden}`)
    .replace(signedToken, hidden);
}

/** Whether a text holds what must not be printed. */
export function holdsSecret(text: string): boolean {
  return maskSecrets(text) !== text;
}

/** Refuses a path or name that holds a secret (`usage.secret`); `origin` says where it stands. */
export function refuseSecret(given: string, origin: string): void {
  if (!holdsSecret(given)) return;
  throw new CopierError(
    'usage.secret',
    `${origin} cannot be ${JSON.stringify(maskSecrets(given))}: it holds a secret`,
    {
      hint: 'a password belongs into the URL of the target, PGPASSWORD or PGPASSFILE alone; before a path that only looks so, write ./',
    },
  );
}
