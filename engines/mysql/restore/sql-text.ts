import type { ObjectKind } from '../sql-objects';

/** Strings and comments; names in backquotes, so that nothing within them counts as either. `/*!` and `/*M!` hold code. */
const NO_CODE =
  /'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[^]|"")[^"\\]*)*"|`[^`]*(?:``[^`]*)*`|\/\*(?!M?!)[^]*?\*\/|--(?=\s)[^\n]*|#[^\n]*/g;

/** The text with blanks in the place of strings and comments. `"shop".` may be a name, and stays. */
export const codeOf = (text: string): string =>
  text.replace(NO_CODE, (part, at: number) => {
    const isName =
      part.startsWith('`') ||
      (part.startsWith('"') && /^\s*\./.test(text.slice(at + part.length, at + part.length + 9)));
    return isName ? part : ' '.repeat(part.length);
  });

/** Replaces in code, and leaves strings and comments as they are. */
function replaceInCode(text: string, pattern: RegExp, replacement: (found: string) => string): string {
  let result = '';
  let last = 0;
  for (const match of codeOf(text).matchAll(pattern)) {
    result += text.slice(last, match.index) + replacement(match[0]);
    last = match.index + match[0].length;
  }
  return result + text.slice(last);
}

/** A text as its bytes are written, one character a byte: definitions may be in any character set. */
export const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
/** The reverse of {@link asBytes}. */
export const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

const escaped = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
const NAME = String.raw`(?:\x60((?:[^\x60]|\x60\x60)+)\x60|"([^"]+)"|([\w$\x80-\xff]+))`;

/** The names behind `shop.` in a text, where something of a database is named with its database. */
export function namesWithin(text: string, database: string): string[] {
  const name = escaped(asBytes(database));
  const pattern = new RegExp(
    `(?<![\\w$@.\`"\\x80-\\xff])(?:\`${name.replaceAll('`', '``')}\`|"${name}"|${name})\\s*\\.\\s*${NAME}`,
    'gi',
  );
  return [...codeOf(text).matchAll(pattern)].map(([, quoted, doubled, plain]) =>
    asText(quoted?.replaceAll('``', '`') ?? doubled ?? plain ?? ''),
  );
}

/** A use of a sequence in a default, as MariaDB writes it: ``nextval(`shop`.`ids`)``. */
const SEQUENCE = /\b(?:nextval|lastval|setval)\(`((?:[^`]|``)+)`\.`((?:[^`]|``)+)`/g;
/** The sequences that the defaults of a table use: database and name. */
export const sequencesIn = (text: string): { readonly database: string; readonly name: string }[] =>
  [...codeOf(text).matchAll(SEQUENCE)].map(([, database = '', name = '']) => ({
    database: asText(database.replaceAll('``', '`')),
    name: asText(name.replaceAll('``', '`')),
  }));

/** Lets the defaults of a table use the sequences of another database. */
export const withSequencesOf = (text: string, from: string, to: string): string =>
  replaceInCode(
    text,
    new RegExp(`(?<=\\b(?:nextval|lastval|setval)\\()\`${escaped(asBytes(from).replaceAll('`', '``'))}\`(?=\\.)`, 'g'),
    () => `\`${asBytes(to).replaceAll('`', '``')}\``,
  );

/** A character set without its collation, as MySQL before 8.0 writes it where that is the usual one. */
const USUAL_COLLATION = /\b(?:CHARSET(?:=| )|CHARACTER SET )utf8mb4\b(?!\s*COLLATE)/gi;
/** Names the collation that utf8mb4 had before MySQL 8.0, which took another one for it. */
export const withOldCollation = (text: string): string =>
  replaceInCode(text, USUAL_COLLATION, (found) => `${found} COLLATE utf8mb4_general_ci`);

/** A line of CREATE TABLE with a foreign key; group 1: the other database whose table it refers to. */
const FOREIGN_KEY =
  /,?\n\s*CONSTRAINT `(?:[^`]|``)+` FOREIGN KEY \(.*?\) REFERENCES (`(?:[^`]|``)+`\.)?`(?:[^`]|``)+` \([^\n]*?(?=,?\n)/g;
/** Which foreign keys of a table: all, or only those to tables of other databases. */
export type ForeignKeys = 'all' | 'to-others';
export const hasForeignKeys = (text: string, which: ForeignKeys): boolean => withoutForeignKeys(text, which) !== text;
export const withoutForeignKeys = (text: string, which: ForeignKeys): string =>
  text.replace(FOREIGN_KEY, (line, other?: string) => (which === 'all' || other !== undefined ? '' : line));

/** What stands before the state of an event: `ON COMPLETION PRESERVE`. */
const EVENT_STATE =
  /(\bON\s+SCHEDULE\s[^]*?\bON\s+COMPLETION\s+(?:NOT\s+)?PRESERVE\s+)(ENABLE|DISABLE(?:\s+ON\s+(?:SLAVE|REPLICA))?)\b/i;
/** Strings, comments and names, which may be any words, as blanks. */
const withoutWords = (text: string): string =>
  codeOf(text).replace(/`[^`]*(?:``[^`]*)*`/g, (name) => ' '.repeat(name.length));
/** Whether an event would run. */
export const isEnabled = (text: string): boolean =>
  EVENT_STATE.exec(withoutWords(text))?.[2]?.toUpperCase() === 'ENABLE';
export function disabled(text: string): string {
  const match = EVENT_STATE.exec(withoutWords(text));
  if (!match) return text;
  const [, before = '', state = ''] = match;
  const at = match.index + before.length;
  return `${text.slice(0, at)}DISABLE${text.slice(at + state.length)}`;
}

/** Whether a statement is a setting of the session: MariaDB's tool writes some within `/*M!`. */
export const isSetting = (head: string): boolean => /^(?:\/\*M?!\d+\s*)?SET\b/i.test(head);

/** Whether a statement ends a transaction, or says when one ends: `--no-autocommit` writes both. */
export const isCommit = (head: string): boolean =>
  /^(?:\/\*M?!\d+\s*)?COMMIT\b/i.test(head) || (isSetting(head) && /\bautocommit\b/i.test(codeOf(head)));

/** The table of a trigger. */
export const tableOfTrigger = (text: string): string | undefined => {
  const [, , , , quoted, doubled, plain] =
    new RegExp(`\\bTRIGGER\\b[^]*?\\bON\\s+(?:${NAME}\\s*\\.\\s*)?${NAME}\\s`, 'i').exec(codeOf(text)) ?? [];
  return asText(quoted?.replaceAll('``', '`') ?? doubled ?? plain ?? '');
};

/**
 * Takes away what keeps a statement of the dump tool from being loaded: the semicolon at the end of a definition, and the
 * counter of an ARCHIVE table.
 */
export function loadable(kind: ObjectKind, text: string): string {
  if (kind === 'TRIGGER' || kind === 'EVENT') return text.replace(/;\s*\*\/\s*;;$/, ' */ ;;');
  return kind === 'TABLE' ? text.replace(/(\n\) ENGINE=ARCHIVE[^\n]*?) AUTO_INCREMENT=\d+/, '$1') : text;
}
