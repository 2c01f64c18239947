import type { Problem } from '../../../catalog/contract/notification';
import { clean, oneLine } from '../compose/text';

/** Statements that a sentence of the program gives, and what it says without them. */
export interface Statements {
  /** Whole ones only: a part of one must not be pasted. */
  readonly whole: readonly string[];
  /** The last was cut off, and maybe others after it. */
  readonly more: boolean;
  /** PostgreSQL: the database in which they are to be run. */
  readonly database?: string;
}

const GIVEN = /^([^]*?)[.;:]? Run (?:in it )?as an administrator: ([^]+)$/;
const DATABASE = /\bdump of database (.+?) needs \(/;
/** What the program gives. Anything else is not to be run by anybody. */
const KNOWN = /^(?:GRANT|ALTER ROLE|DO) /;

/** The statements of a sentence; `undefined` if it gives none. */
export function statementsOf({ sentence }: Pick<Problem, 'sentence'>): Statements | undefined {
  const text = clean(sentence);
  const given = GIVEN.exec(text)?.[2];
  if (given === undefined) return undefined;
  const all = split(given);
  const whole = all.filter((one) => one.endsWith(';') && KNOWN.test(one));
  const database = DATABASE.exec(text)?.[1];
  return { whole, more: whole.length < all.length, ...(database !== undefined && { database }) };
}

/** A sentence on one line, without the statements that are given below it. */
export function withoutStatements({ sentence }: Pick<Problem, 'sentence'>): string {
  const text = oneLine(sentence);
  return GIVEN.exec(text)?.[1] ?? text;
}

/** Names and texts in quotes, and bodies between `$$`, hold what they like. */
const PARTS = /\$\$[^]*?(?:\$\$|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|;(?=\s|$)|[^]/g;

function split(text: string): string[] {
  const statements = [''];
  for (const [part] of text.matchAll(PARTS)) {
    statements[statements.length - 1] += part;
    if (part === ';') statements.push('');
  }
  return statements.map((one) => one.replace(/\s*\n\s*/g, ' ').trim()).filter((one) => one !== '');
}

const LACKING = /^(user|role) (.+?) lacks privileges that a complete dump (?:of database (.+?) )?needs \(([^]*)\)$/;

/** `user backup@% lacks TRIGGER`: what a subject says of it. */
export function lacking(problem: Pick<Problem, 'sentence'>): string | undefined {
  const said = withoutStatements(problem).replace(/; without them it would miss things silently$/, '');
  const [, what, who, database, privileges] = LACKING.exec(said) ?? [];
  if (privileges === undefined) return undefined;
  return `${what} ${who} lacks ${privileges}${database === undefined ? '' : ` in database ${database}`}`;
}
