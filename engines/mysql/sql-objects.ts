/** Kinds of objects that a dump creates, as MySQL and MariaDB write them. */
export type ObjectKind = (typeof KINDS)[number];
const KINDS = [
  ...(['TABLE', 'VIEW', 'SEQUENCE', 'TRIGGER', 'EVENT'] as const),
  ...(['PROCEDURE', 'FUNCTION', 'LIBRARY', 'PACKAGE BODY', 'PACKAGE'] as const),
] as const;

/** An object of a database. */
export interface SqlObject {
  readonly kind: ObjectKind;
  readonly database: string;
  readonly name: string;
}

const GAP = String.raw`(?:\s|/\*M?!\d*|\*/|/\*(?!M?!)[^]*?\*/|--(?:[^\S\n][^\n]*)?\n|#[^\n]*\n)`;
const NAME = String.raw`(\x60(?:[^\x60]|\x60\x60)*\x60|"(?:[^"]|"")*"|[\w$\x80-\uffff]+)`;
const ACCOUNT = String.raw`(?:\x60(?:[^\x60]|\x60\x60)*\x60|'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\s\x60'"@/]+)`;
/** Group 1 is there if a view is the final one, not the place that the tool keeps for it. */
const CREATE = new RegExp(
  `^${GAP}*CREATE${GAP}+(?:OR${GAP}+REPLACE${GAP}+)?(ALGORITHM=\\w+${GAP}+)?(?:DEFINER=${ACCOUNT}(?:@${ACCOUNT})?${GAP}+)?` +
    `(?:SQL${GAP}+SECURITY${GAP}+\\w+${GAP}+)?(?:(?:AGGREGATE|JSON|RELATIONAL|DUALITY|MATERIALIZED)${GAP}+)*(${KINDS.join('|').replace(' ', String.raw`\s+`)})\\b${GAP}*(?:IF${GAP}+NOT${GAP}+EXISTS\\b${GAP}*)?` +
    `${NAME}(?:${GAP}*\\.${GAP}*${NAME})?`,
  'i',
);
/** Group 1: what stands before the account, 2 and 3: its user and host. */
const DEFINER = new RegExp(
  `^(${GAP}*CREATE${GAP}+(?:OR${GAP}+REPLACE${GAP}+)?(?:ALGORITHM=\\w+${GAP}+)?DEFINER=)(${ACCOUNT})(?:@(${ACCOUNT}))?`,
  'i',
);
/** Group 1: the name; what follows are the options. */
const DATABASE = new RegExp(`^${GAP}*CREATE${GAP}+DATABASE${GAP}*(?:IF${GAP}+NOT${GAP}+EXISTS${GAP}*)?${NAME}`, 'i');
/** Group 1: what stands before the name, 2: the name. */
const ALTERED_DATABASE = new RegExp(`^(${GAP}*ALTER${GAP}+(?:DATABASE|SCHEMA)${GAP}+)${NAME}`, 'i');
const SERVER = new RegExp(`^${GAP}*(?:CREATE|DROP|ALTER|GRANT|REVOKE|RENAME|INSTALL|CHANGE)\\b`, 'i');
const DROPPED_DATABASE = new RegExp(`^${GAP}*DROP${GAP}+(?:DATABASE|SCHEMA)\\b`, 'i');
/** Statements about a table or sequence that do not create it. */
const TOUCHED = new RegExp(
  `^${GAP}*(?:DROP${GAP}+(?:TABLE|SEQUENCE)${GAP}+(?:IF${GAP}+EXISTS${GAP}+)?|ALTER${GAP}+TABLE${GAP}+|(?:DO|SELECT)${GAP}+SETVAL\\()${NAME}`,
  'i',
);
const TRIGGER = new RegExp(`^${GAP}*CREATE${GAP}.*\\bTRIGGER\\b`, 'is');
const USE = new RegExp(`^USE ${NAME}`);
const INSERT = new RegExp(`^(?:INSERT|REPLACE)\\s+(?:IGNORE\\s+)?INTO\\s+${NAME}`);

/** What the head of a statement says that it creates. */
export interface Created {
  readonly kind: ObjectKind;
  readonly name: string;
}

/** What a statement creates, by its head; `undefined` if it creates nothing, or the place that the tool keeps for a view. */
export function createdBy(head: string): Created | undefined {
  const [, final, word, first, second] = CREATE.exec(head) ?? [];
  if (word === undefined || first === undefined) return undefined;
  const kind = word.toUpperCase().replace(/\s+/, ' ') as ObjectKind;
  return kind === 'VIEW' && final === undefined ? undefined : { kind, name: bare(second ?? first) };
}

/** What a statement creates a database with. */
export interface CreatedDatabase {
  readonly name: string;
  /** What stands behind the name: character set, collation, and the end of the statement. */
  readonly options: string;
}

/** The database that a statement creates. */
export function createdDatabase(text: string): CreatedDatabase | undefined {
  const match = DATABASE.exec(text);
  return match ? { name: bare(match[1] ?? ''), options: text.slice(match[0].length) } : undefined;
}

/** The database whose defaults a statement changes: the dump tool does so around objects that were made under other defaults. */
export function alteredDatabase(
  text: string,
): { readonly name: string; readonly start: number; readonly end: number } | undefined {
  const [all, before, name] = ALTERED_DATABASE.exec(text) ?? [];
  return all === undefined || before === undefined || name === undefined
    ? undefined
    : { name: bare(name), start: before.length, end: all.length };
}

/** Whether a statement outside of all databases changes the server: accounts, privileges, plugins, databases. */
export const changesServer = (head: string): boolean => SERVER.test(head);

/** Whether a statement drops a database. */
export const dropsDatabase = (head: string): boolean => DROPPED_DATABASE.test(head);

/** Where a statement names the account that its object runs as. */
export interface Definer {
  /** `owner@%`; `owner` alone is a role. */
  readonly account: string;
  readonly start: number;
  readonly end: number;
}

/** The definer that a statement names, by its text or its head. */
export function definerOf(text: string): Definer | undefined {
  const [all, before, user, host] = DEFINER.exec(text) ?? [];
  if (all === undefined || before === undefined || user === undefined) return undefined;
  const name = bare(user);
  const account = host === undefined || bare(host) === '' ? name : `${name}@${bare(host)}`;
  return { account, start: before.length, end: all.length };
}

/** The table or sequence that a statement drops, alters, or gives its value. */
export const touchedTable = (head: string): string | undefined => bareMatch(TOUCHED, head);

/** Whether a statement creates a trigger, whatever its name. */
export const createsTrigger = (head: string): boolean => TRIGGER.test(head);

/** The database of `USE`. */
export const usedDatabase = (head: string): string | undefined => bareMatch(USE, head);

/** The table whose rows a statement inserts. */
export const insertedTable = (head: string): string | undefined => bareMatch(INSERT, head);

function bareMatch(pattern: RegExp, head: string): string | undefined {
  const name = pattern.exec(head)?.[1];
  return name === undefined ? undefined : bare(name);
}

/** The text of an object by which sets know it. */
export const objectKey = ({ kind, database, name }: SqlObject): string => `${kind} ${database}\0${name}`;

/** The object of an {@link objectKey}. */
export function objectOf(key: string): SqlObject {
  const [, kind, database = '', name = ''] = /^(\S+(?: BODY)?) ([^]*)\0([^]*)$/.exec(key) ?? [];
  return { kind: kind as ObjectKind, database, name };
}

/** A name without its quotes. */
function bare(name: string): string {
  const [quote] = name;
  return quote === '`' || quote === '"' || quote === "'" ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}
