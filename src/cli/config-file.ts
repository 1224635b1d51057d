import { unitNames } from '../lib/time/epochs.js';
import { readFileSync } from 'node:fs';
import type { ErrorObject } from 'ajv';
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { maskSecrets } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import { configSchema } from './config-schema.js';
import { type Config, configKeys } from './settings.js';

/*
 * The config file: JSON with comments and trailing commas, checked against the published schema. A mistake is reported with line and column
 * and the path of the key, never with its value, which may be a password.
 */

/** At most this many mistakes are reported at once. */
const mistakesMax = 10;

/** The object in a config file. Throws `usage.config_*` naming line, column and key of everything that is wrong. */
export async function readConfig(file: string): Promise<Config> {
  const text = readText(file);
  const path = maskSecrets(file);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: false, allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined && text.trim() !== '') throw notJson(path, text, error);
  if (tree?.type !== 'object') {
    throw new CopierError('usage.config_json', `config file ${path} does not hold a JSON object`, {
      hint: 'write it as {"sourcePath": "app.db", "workers": 4}',
    });
  }
  const config = getNodeValue(tree) as Config;
  const twice = findRepeatedKeys(tree).map((key) => ({ ...key, code: 'usage.config_value' as const }));
  const wrong = (await findMistakes(config)).map((mistake) => ({ ...mistake, offset: offsetOf(tree, mistake) }));
  const mistakes = [...twice, ...wrong].sort((a, b) => a.offset - b.offset);
  if (mistakes.length > 0) throw mistaken(mistakes, (offset) => `config file ${path}, ${positionOf(text, offset)}: `);
  return config;
}

/** Checks the rules that a program gave against the same schema. */
export async function checkRules(config: Readonly<Record<string, unknown>>): Promise<void> {
  const mistakes = await findMistakes(config);
  if (mistakes.length > 0) throw mistaken(mistakes, () => '');
}

interface Mistake {
  readonly code: 'usage.config_key' | 'usage.config_value';
  readonly path: readonly string[];
  /** Whether the key itself is wrong, rather than its value. */
  readonly isKey: boolean;
  readonly says: string;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new CopierError('usage.config_unreadable', `config file ${maskSecrets(path)} cannot be read`, {
      hint: 'check the path given with --config, and that you may read the file',
      cause,
    });
  }
}

function notJson(path: string, text: string, { error, offset }: ParseError): CopierError {
  const what = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return new CopierError(
    'usage.config_json',
    `config file ${path} is not valid JSON (see ${positionOf(text, offset)}: ${what})`,
    { hint: 'mend the file: names and texts in double quotes, and a comma between settings' },
  );
}

/** Of two equal keys the second would win in silence. */
function findRepeatedKeys(node: Node): { path: string[]; isKey: true; says: string; offset: number }[] {
  const found: { path: string[]; isKey: true; says: string; offset: number }[] = [];
  const visit = (at: Node, path: readonly string[]): void => {
    const seen = new Set<string>();
    for (const property of at.type === 'object' ? (at.children ?? []) : []) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue;
      const name = String(key.value);
      const here = [...path, name];
      if (seen.has(name)) found.push({ path: here, isKey: true, says: 'is given twice', offset: key.offset });
      seen.add(name);
      visit(value, here);
    }
  };
  visit(node, []);
  return found;
}

/** Loaded only where there is something to check: it takes longer to load than most commands take to begin. */
async function findMistakes(config: Readonly<Record<string, unknown>>): Promise<Mistake[]> {
  const { Ajv } = await import('ajv');
  // The schema is our own, and large, and used once: neither checking it nor making the code for it faster pays.
  const once = { validateSchema: false, code: { optimize: false } };
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false, ...once }).compile(
    configSchema(),
  );
  if (validate(config)) return [];
  return (validate.errors ?? [])
    .filter(({ keyword, schemaPath }) => keyword !== 'if' && !/\/oneOf\/\d/.test(schemaPath))
    .map(mistakeOf);
}

function mistakeOf({ instancePath, keyword, params, message }: ErrorObject): Mistake {
  const parent = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const added: unknown = params['additionalProperty'];
  if (keyword === 'additionalProperties' && typeof added === 'string') {
    const isTop = parent.length === 0;
    const says = parent.at(-1) === 'policies' ? 'is no hazard' : 'is no key of the config file';
    return { code: isTop ? 'usage.config_key' : 'usage.config_value', path: [...parent, added], isKey: true, says };
  }
  const allowed: unknown = params['allowedValues'];
  const words = Array.isArray(allowed) ? allowed.filter((value) => value !== null) : null;
  if (keyword === 'oneOf') {
    const says = parent.includes('health')
      ? 'must name a url, a session or sqlite, and only one'
      : 'must name one of envFile, json, yaml, toml, ini (with set), link (with to), run (with undo), and only one';
    return { code: 'usage.config_value', path: parent, isKey: false, says };
  }
  const isUnit = keyword === 'pattern' && parent.at(-1) === 'unit';
  const units = `${unitNames.join(', ')}, or calendar digits such as YYYYMMDD`;
  const says = words === null ? (message ?? keyword) : `must be one of ${words.join(', ')}`;
  return { code: 'usage.config_value', path: parent, isKey: false, says: isUnit ? `must be one of ${units}` : says };
}

/** The offset of the mistake: that of a key where the key is wrong, else that of its value. */
function offsetOf(tree: Node, { path, isKey }: Mistake): number {
  const node = findNode(tree, path);
  if (node === undefined) return tree.offset;
  return isKey ? (node.parent?.offset ?? node.offset) : node.offset;
}

function findNode(tree: Node, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((node, part) => {
    if (node?.type === 'array') return node.children?.[Number(part)];
    return node?.children?.find((property) => property.children?.[0]?.value === part)?.children?.[1];
  }, tree);
}

/** Line and column, both from 1. */
function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function mistaken<T extends Mistake & { readonly offset?: number }>(
  mistakes: readonly T[],
  where: (offset: number) => string,
): CopierError {
  const unknown = mistakes.filter(({ code }) => code === 'usage.config_key');
  const shown = mistakes.slice(0, mistakesMax).map((one) => `${where(one.offset ?? 0)}${describe(one)}`);
  const more = mistakes.length > mistakesMax ? [`and ${mistakes.length - mistakesMax} more`] : [];
  const hint =
    unknown.length > 0
      ? `known settings: ${configKeys.join(', ')}`
      : '`pgferry config-schema` prints the JSON Schema of the file; an editor that knows it completes the keys';
  return new CopierError(
    unknown.length > 0 ? 'usage.config_key' : 'usage.config_value',
    [...shown, ...more].join('; '),
    {
      hint,
    },
  );
}

function describe({ code, path, says }: Mistake): string {
  if (code === 'usage.config_key')
    return `unknown settings: ${path.map((part) => JSON.stringify(maskSecrets(part))).join('.')}`;
  return `${path.map((part) => (/^[\w$*-]+$/.test(part) ? part : JSON.stringify(maskSecrets(part)))).join('.')} ${says}`;
}
