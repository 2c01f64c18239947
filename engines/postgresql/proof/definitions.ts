import type { ArchiveEntry } from '../archive-head';
import { statementsOf } from '../sql-words';
import { plainArrayCasts } from './array-casts';

/** What the planner knows of the rows, for whoever loads them asks anew; and which large objects are dumped together. */
const NO_PART_OF_A_BACKUP = new Set(['STATISTICS DATA', 'BLOBS']);
/** Large objects are as many as rows: they have one section for all. */
const OF_LARGE_OBJECTS = /^LARGE OBJECTS? /;

/** Where an entry belongs. */
export function placeOf({ kind, name }: ArchiveEntry): 'own' | 'large-objects' | 'none' {
  if (NO_PART_OF_A_BACKUP.has(kind)) return 'none';
  return kind === 'BLOB' || kind === 'BLOB METADATA' || OF_LARGE_OBJECTS.test(name) ? 'large-objects' : 'own';
}

const INHERITS = /^(CREATE [^(]*?TABLE .*? \(\n)(.*)(\n\)\nINHERITS \(.*)$/s;

/** Whether a definition is of a table that inherits columns: which order they have depends on when their parents got them. */
export const inherits = (definition: string): boolean => INHERITS.test(definition);

/** Of `CREATE POLICY p ON s.t AS RESTRICTIVE FOR UPDATE TO "r C", r_a USING (…)`. */
const NAME = String.raw`(?:"(?:[^"]|"")*"|[^", ]+)`;
const POLICY_ROLES = new RegExp(
  `^(CREATE POLICY ${NAME} ON ${NAME}(?:\\.${NAME})?(?: AS [A-Z]+)?(?: FOR [A-Z]+)? TO )(${NAME}(?:, ${NAME})*)`,
);
const sortedRoles = (roles: string): string => roles.match(new RegExp(NAME, 'g'))!.toSorted().join(', ');

/**
 * All that an entry says of its object, without what the tool alone changes:
 * - columns of a table that inherits some are in the order of their names (src/bin/pg_upgrade/t/002_pg_upgrade.pl, AdjustDump.pm);
 * - casts of arrays: {@link plainArrayCasts};
 * - settings of a database for single roles come in no order, nor do the roles of a policy;
 * - options of a text search dictionary are kept as they were quoted when it was made, which quote_all_identifiers decides.
 */
export function canonical({ kind, definition, owner, tablespace, accessMethod }: ArchiveEntry): string {
  const [, head = '', columns = '', tail = ''] = (kind === 'TABLE' && INHERITS.exec(definition)) || [];
  let text = definition;
  if (head !== '') text = `${head}${columns.split(/,\n/).toSorted().join(',\n')}${tail}`;
  if (kind === 'TEXT SEARCH DICTIONARY') text = definition.replaceAll(/"([a-z_][a-z0-9_]*)"(?= = )/g, '$1');
  if (kind === 'POLICY')
    text = definition.replace(POLICY_ROLES, (_, to: string, roles: string) => to + sortedRoles(roles));
  if (kind === 'DATABASE PROPERTIES') text = statementsOf(definition).toSorted().join('\n');
  const facts = [
    ['owner', owner],
    ['tablespace', tablespace],
    ['access method', accessMethod],
  ];
  return [
    plainArrayCasts(text.trim()),
    ...facts.filter(([, value]) => value !== '').map(([name, value]) => `-- ${name}: ${value}`),
  ].join('\n');
}

/** Kinds whose statements hold passwords and the like. */
const SECRET = new Set(['USER MAPPING', 'SUBSCRIPTION', 'SERVER', 'FOREIGN DATA WRAPPER']);
const MAX_TEXT = 4096;

/** Names and values may have line ends in them. */
const NAMED = '(?:"(?:[^"]|"")*"|[^\\s"]+)';
const SETTING = new RegExp(
  `^(ALTER (?:DATABASE|ROLE) ${NAMED}(?: IN DATABASE ${NAMED})? SET ${NAMED} TO )(?:'(?:[^']|'')*'|[^';])*;`,
  'gm',
);

/** What of a definition people may read: no passwords, and no values of settings. */
export function shown(kind: string, text: string): string | undefined {
  if (SECRET.has(kind)) return undefined;
  const masked = text.replaceAll(/\bPASSWORD '(?:[^']|'')*'/g, "PASSWORD '…'").replaceAll(SETTING, '$1…;');
  return masked.slice(0, MAX_TEXT);
}
