import { talkOf, type Talk } from '../../task/io/tool';
import { holdsNoRows, type MysqlTable } from './plan';

/** `--verbose` talk of both clients; group 1: the table under way. */
const verbose = talkOf(
  /^-- (?:Retrieving (?:table|view) structure for table (.+)\.\.\.|(?!error|warning|got error).*)$/i,
);
const SKIPPED = /^-- Warning: Skipping data for table '(.+)' because it's of type (\S+)$/;

/** Judges what a dump tool says of a dump of these tables. */
export function toolTalk(tables: readonly MysqlTable[]): Talk {
  const key = (name: string, engine: string) => `${name}\0${engine.toLowerCase()}`;
  const rowless = new Set(tables.filter(holdsNoRows).map(({ name, engine }) => key(name, engine)));
  /** Whether it writes no rows of a table, and that is one that has none of its own. */
  const isSkipped = (line: string): boolean => {
    const [, name = '', engine = ''] = SKIPPED.exec(line) ?? [];
    return rowless.has(key(name, engine));
  };
  return (line) => isSkipped(line) || verbose(line);
}
