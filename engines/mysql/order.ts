import { noteOf } from '../../catalog/contract/note';
import type { MysqlLook } from './look';

const NAME = '`((?:[^`]|``)+)`';
/** A default's use of a sequence, as `information_schema` writes it: ``nextval(`zzz`.`ids`)``. */
const SEQUENCE = new RegExp(`\\b(?:nextval|lastval|setval)\\(${NAME}\\.${NAME}`, 'g');

interface Use {
  readonly user: string;
  readonly owner: string;
  readonly sequence: string;
}

/**
 * Orders databases so that the sequences of one are there before the tables of another whose defaults use them: MariaDB looks
 * for them when it creates the table. Where no order does, because of a circle or since the other database is not in the
 * dump, a note names the sequences to create first.
 */
export async function orderDatabases(look: MysqlLook, databases: readonly string[]): Promise<readonly string[]> {
  if (!look.dialect.hasSequences) return databases;
  const uses = await readUses(look, databases);
  if (uses.length === 0) return databases;
  const ordered: string[] = [];
  const visited = new Set<string>();
  const visit = (database: string): void => {
    if (visited.has(database)) return;
    visited.add(database);
    for (const { user, owner } of uses) if (user === database && databases.includes(owner)) visit(owner);
    ordered.push(database);
  };
  databases.forEach(visit);
  const early = uses.filter(
    ({ user, owner }) => !ordered.includes(owner) || ordered.indexOf(owner) > ordered.indexOf(user),
  );
  const first = [...new Set(early.map(({ owner, sequence }) => `${owner}.${sequence}`))];
  if (first.length > 0) look.note(noteOf('sequences-first', first));
  return ordered;
}

async function readUses(look: MysqlLook, databases: readonly string[]): Promise<Use[]> {
  const rows = await look.query(
    `SELECT TABLE_SCHEMA AS db, COLUMN_DEFAULT AS text FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA IN (?) AND COLUMN_DEFAULT LIKE '%val(\`%' ORDER BY 1, 2`,
    [databases],
  );
  return rows
    .flatMap(({ db, text }) =>
      [...String(text).matchAll(SEQUENCE)].map(([, owner = '', sequence = '']) => ({
        user: String(db),
        owner: owner.replaceAll('``', '`'),
        sequence: sequence.replaceAll('``', '`'),
      })),
    )
    .filter(({ user, owner }) => user !== owner);
}
