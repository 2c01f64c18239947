import { codeOf } from './sql-text';

const NAME = '`(?:[^`]|``)+`';
/** A key that is neither unique nor of another kind, with the comma before it. */
const KEY = /,\n {2}(KEY `[^\n]*?)(?=,?\n)/g;
const TABLE = new RegExp(`^\\s*CREATE TABLE (?:IF NOT EXISTS )?(${NAME}) \\(\n`);
/** Tables whose keys stay: other kinds of keys come behind them, or the server may not add one. */
const STAYS = /\n {2}(?:FULLTEXT|SPATIAL|VECTOR|PERIOD) | FOREIGN KEY | SYSTEM VERSIONING|\bPARTITION BY\b/;
const COUNTED = new RegExp(`\n {2}(${NAME}) [^\n]* AUTO_INCREMENT\\b`);
const REFERRED = new RegExp(`\\bREFERENCES (?:${NAME}\\.)?(${NAME})`, 'g');

/** A table without the keys that are cheaper to add once its rows are there. */
export interface EarlyTable {
  readonly name: string;
  /** `CREATE TABLE`. */
  readonly create: string;
  /** `ALTER TABLE` that adds the keys, in their order. */
  readonly keys: string;
}

/** The tables that foreign keys of a table refer to, quoted; of any database. */
export const referredBy = (create: string): string[] =>
  [...codeOf(create).matchAll(REFERRED)].map(([, name = '']) => name);

/**
 * Takes the plain keys out of a `CREATE TABLE` of the dump tool, whose bytes are characters here. The table is the same in the end: the
 * server lists unique keys first, and others in the order in which they were added.
 *
 * @returns nothing if it has none, or they must be there before its rows
 */
export function withoutKeys(create: string): EarlyTable | undefined {
  const code = codeOf(create);
  const name = TABLE.exec(code)?.[1];
  const keys = [...code.matchAll(KEY)];
  // A line of it would not be what it seems.
  if (code.match(/`[^`]*`/g)?.some((quoted) => quoted.includes('\n'))) return undefined;
  if (name === undefined || keys.length === 0 || !/\n\) ENGINE=InnoDB\b/.test(code) || STAYS.test(code))
    return undefined;
  const counted = COUNTED.exec(code)?.[1];
  if (counted !== undefined && !code.includes(`\n  PRIMARY KEY (${counted}`)) return undefined;
  let rest = '';
  let from = 0;
  const added: string[] = [];
  for (const { 0: all, 1: key = '', index } of keys) {
    const end = index + all.length;
    rest += create.slice(from, index);
    added.push(`ADD ${create.slice(end - key.length, end)}`);
    from = end;
  }
  return { name, create: rest + create.slice(from), keys: `\nALTER TABLE ${name} ${added.join(', ')};\n` };
}
