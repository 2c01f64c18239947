import type { ObjectKind } from '../sql-objects';
import { codeOf, loadable } from '../restore/sql-text';

/** What the tool writes before a statement, for people: names of objects, versions, dates. */
const COMMENTS = /^(?:\s+|--(?:[^\S\n][^\n]*)?\n|\/\*M?!999999\\- enable the sandbox mode \*\/)+/;
/** The end of a trigger or an event, before which the restore leaves a semicolon out. */
const END = /\s*\*\/\s*;;\s*$/;
/**
 * The character set of a column, before its collation; and directories of files, which lie elsewhere on every server: of code, with
 * blanks for the path.
 */
const NOT_COMPARED = / CHARACTER SET (\w+)(?= COLLATE \1_)| (?:DATA|INDEX) DIRECTORY ?= *(?=[ ;\n),*])/g;

/** A statement without what differs between two dumps of the same. */
export function normalForm(kind: ObjectKind | undefined, statement: string): string {
  if (kind === undefined) return statement;
  // What the restore takes away, it takes away from both.
  const text = loadable(kind, statement);
  if (kind === 'TABLE') return comparable(text);
  return kind === 'TRIGGER' || kind === 'EVENT' ? text.replace(END, ' */;;') : text;
}

/** Without the tool's comments before it. */
export const withoutComments = (statement: string): string => statement.replace(COMMENTS, '');

/**
 * MySQL 9 writes a column whose collation is not the usual one of its character set without the character set, or with it once
 * the table was made from such a text. The name of a collation begins with its character set.
 */
function comparable(text: string): string {
  let result = '';
  let last = 0;
  for (const { 0: match, index } of codeOf(text).matchAll(NOT_COMPARED)) {
    result += text.slice(last, index);
    last = index + match.length;
  }
  return result + text.slice(last);
}
