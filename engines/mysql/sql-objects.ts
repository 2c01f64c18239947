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

const GAP = String.raw`(?:\s|/\*M?!\d*|\*/|/\*(?!M?!)[^]*?\*/|--\s[^\n]*\n|#[^\n]*\n)`;
const NAME = String.raw`(\x60(?:[^\x60]|\x60\x60)*\x60|"(?:[^"]|"")*"|[\w$\x80-\uffff]+)`;
const ACCOUNT = String.raw`(?:[\x60'"](?:[^\x60'"]|\x60\x60)*[\x60'"]|[^\s\x60'"@/]+)`;
/** Group 1 is there if a view is the final one, not the place that the tool keeps for it. */
const CREATE = new RegExp(
  `^${GAP}*CREATE${GAP}+(?:OR${GAP}+REPLACE${GAP}+)?(ALGORITHM=\\w+${GAP}+)?(?:DEFINER=${ACCOUNT}(?:@${ACCOUNT})?${GAP}+)?` +
    `(?:SQL${GAP}+SECURITY${GAP}+\\w+${GAP}+)?(?:(?:AGGREGATE|JSON|RELATIONAL|DUALITY|MATERIALIZED)${GAP}+)*(${KINDS.join('|').replace(' ', String.raw`\s+`)})\\b${GAP}*(?:IF${GAP}+NOT${GAP}+EXISTS\\b${GAP}*)?` +
    `${NAME}(?:${GAP}*\\.${GAP}*${NAME})?`,
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

/** A name without its quotes. */
function bare(name: string): string {
  const [quote] = name;
  return quote === '`' || quote === '"' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}
