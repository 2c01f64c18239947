import type { ArchiveEntry } from '../archive-head';
import { pathName } from '../names';

/** Entries whose tag names another object with its kind: `TABLE orders`, `COLUMN orders.note`. */
const ABOUT: Readonly<Record<string, string>> = {
  ACL: 'privileges of',
  COMMENT: 'comment on',
  'SECURITY LABEL': 'label of',
};
/** Kinds of what a tag names, as far as they are of several words. */
const TAG = /^([A-Z]+(?: [A-Z]+)*) (.*)$/s;
/** Entries about the database itself, whose tag is its name. */
const OF_DATABASE = /^(?:DATABASE|DATABASE PROPERTIES)$/;
const PLAIN: Readonly<Record<string, string>> = {
  TABLE: 'definition of table',
  'DATABASE PROPERTIES': 'settings of database',
  'FK CONSTRAINT': 'foreign key',
  'SEQUENCE SET': 'value of sequence',
  'ROW SECURITY': 'row security of table',
  'MATERIALIZED VIEW DATA': 'rows of materialized view',
  ENCODING: 'encoding of database',
  STDSTRINGS: 'strings of database',
  SEARCHPATH: 'search path of database',
};

/** The name of a section of an entry, as a person writes it: `trigger shop.public.orders orders_bi`. */
export function entryName(database: string, { kind, schema, name }: Pick<ArchiveEntry, 'kind' | 'schema' | 'name'>) {
  const [, of, rest = name] = (ABOUT[kind] !== undefined && TAG.exec(name)) || [];
  const words = of === undefined ? (PLAIN[kind] ?? kind.toLowerCase()) : `${ABOUT[kind]!} ${of.toLowerCase()}`;
  if (OF_DATABASE.test(kind) || of === 'DATABASE' || PLAIN[kind]?.endsWith(' of database'))
    return `${words} ${database}`;
  const path = pathName(...[database, schema].filter(Boolean));
  return `${words} ${[path, kind === 'TABLE' ? pathName(rest) : rest].filter(Boolean).join('.')}`;
}

/** The section of the rows of a table. */
export const rowsName = (database: string, schema: string, name: string): string =>
  `table ${pathName(database, schema, name)}`;
