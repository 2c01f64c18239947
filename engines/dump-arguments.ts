import type { Engine } from '../catalog/contract/task';

/** Options that a user may not add, and why. Without hyphens in front: one letter is a short option. */
interface Refusal {
  readonly options: readonly string[];
  readonly reason: string;
}

interface Tool {
  readonly refusals: readonly Refusal[];
  /** Allowed, although an option that is refused begins like them. */
  readonly allowed: readonly string[];
  /** Short options behind which a value may stand in the same word. */
  readonly valued: string;
  /** Words that may stand in front of an option, of which `skip` and `disable` turn it around. */
  readonly prefixes?: RegExp;
}

const SECRET = 'credentials come from the secret, never from a command line';
const STREAM = 'the program reads the dump from standard output, in a format that it can check';
const PARTIAL = 'it would make a partial dump that looks complete';
const CONNECTION = 'the connection is set by the construct';

/** https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html#mysqldump-option-summary */
const MYSQL: Tool = {
  refusals: [
    { options: ['p', 'password', 'password1', 'u', 'user', 'login-path'], reason: SECRET },
    {
      options: ['h', 'host', 'P', 'port', 'S', 'socket', 'protocol', 'ssl', 'ssl-', 'defaults-', 'no-defaults'],
      reason: CONNECTION,
    },
    {
      options: [
        ...['r', 'result-file', 'T', 'tab', 'dir', 'X', 'xml', 'compact', 'i', 'comments', 'N', 'set-charset'],
        ...['default-character-set', '?', 'help', 'print-defaults', 'V', 'version'],
      ],
      reason: STREAM,
    },
    {
      options: [
        ...['f', 'force', 'w', 'where', 'd', 'no-data', 'ignore-table-data', 'ignore-error', 'ignore-database'],
        ...['t', 'no-create-info', 'n', 'no-create-db', 'A', 'all-databases', 'B', 'databases', 'tables'],
        ...['triggers', 'routines', 'R', 'events', 'E', 'opt', 'create-options', 'single-transaction'],
      ],
      reason: PARTIAL,
    },
  ],
  allowed: ['ignore-table'],
  valued: '#',
  prefixes: /^(?:loose|maximum|enable|disable|skip)-/,
};

/** https://www.postgresql.org/docs/current/app-pgdump.html */
const POSTGRESQL: Tool = {
  refusals: [
    { options: ['U', 'username', 'W', 'password', 'w', 'no-password'], reason: SECRET },
    { options: ['h', 'host', 'p', 'port', 'd', 'dbname', 'snapshot'], reason: CONNECTION },
    {
      options: ['f', 'file', 'F', 'format', 'Z', 'compress', 'j', 'jobs', 'E', 'encoding', '?', 'help', 'V', 'version'],
      reason: STREAM,
    },
    {
      options: [
        ...['enable-row-security', 's', 'schema-only', 'a', 'data-only', 'section', 'filter', 'no-data', 'no-schema'],
        ...['statistics-only', 'exclude-table-data', 'exclude-table-data-and-children'],
      ],
      reason: PARTIAL,
    },
  ],
  allowed: ['exclude-table', 'schema', 'statistics'],
  valued: 'nNtTeS',
};

const TOOLS: Record<Engine, Tool | undefined> = {
  mysql: MYSQL,
  mariadb: MYSQL,
  postgresql: POSTGRESQL,
  sqlite: undefined,
};

/** Says why extra arguments of a dump tool are refused; `undefined` if none is. Free of dependencies. */
export function dumpArgumentFault(engine: Engine, dumpArguments: readonly string[]): string | undefined {
  for (const argument of dumpArguments) {
    const reason = refusal(TOOLS[engine], argument);
    if (reason !== undefined) return `dump argument ${JSON.stringify(argument)} is not allowed: ${reason}; remove it`;
    if (!/^--?[a-z#]/i.test(argument))
      return `dump argument ${JSON.stringify(argument)} is not an option: write options as one word each, such as "--name=value"`;
  }
  return undefined;
}

function refusal(tool: Tool | undefined, argument: string): string | undefined {
  if (!tool) return 'SQLite is not dumped by a tool';
  const long = /^--([^=]+)/.exec(argument)?.[1];
  const { refusals } = tool;
  if (long !== undefined)
    return refusals.find(({ options }) => options.some((name) => means(tool, long, name)))?.reason;
  const faults = shortOptions(tool, argument).map((letter) => refusals.find(({ options }) => options.includes(letter)));
  return faults.find((found) => found !== undefined)?.reason;
}

/** One word may hold several short options: `-vd`. */
function shortOptions({ valued }: Tool, argument: string): string[] {
  const letters = [...(/^-(.+)/s.exec(argument)?.[1] ?? '')];
  const last = letters.findIndex((letter) => valued.includes(letter));
  return last < 0 ? letters : letters.slice(0, last + 1);
}

/** Tools take the beginning of an option for the whole; MySQL's also `_` for `-`, and some words in front. */
function means({ allowed, prefixes }: Tool, given: string, refused: string): boolean {
  if (refused.length === 1) return false;
  let name = prefixes ? given.replaceAll('_', '-') : given;
  while (prefixes?.test(name)) name = name.replace(prefixes, '');
  if (allowed.includes(name)) return false;
  return refused.startsWith(name) || (refused.endsWith('-') && name.startsWith(refused));
}
