import type { RowDataPacket } from 'mysql2/promise';
import type { Note } from '../../../catalog/contract/note';
import { errorText } from '../../../task/run/errors';
import type { MysqlNote } from '../facts';
import { serverErrorCode } from '../failures';
import { qualified, quote } from '../names';
import type { Query } from './query';

interface ForeignKey {
  /** `shop.orders`, and its name in SQL. */
  readonly child: string;
  readonly parent: string;
  readonly from: string;
  readonly to: string;
  readonly columns: { readonly own: string; readonly parents: string }[];
}

/**
 * Tells of rows that refer to none. Keys are not checked while a dump is loaded, so they may be in the backup; and rows of other
 * databases may refer to rows that the backup did not have yet. Whether the backup came back is what the counts say.
 *
 * @param targets databases of the target that were restored
 */
export async function noteOrphans(
  query: Query,
  targets: readonly string[],
  note: (note: Note<MysqlNote>) => void,
): Promise<void> {
  for await (const { child, parent, rows, statement, said } of checkForeignKeys(query, targets))
    if (rows !== 0)
      note({
        kind: 'orphans',
        objects: [child, parent],
        ...(rows && { rows }),
        said: said ?? `SELECT c.* ${statement};`,
      });
}

/** A foreign key, and rows of its table that refer to rows which are not there. */
export interface CheckedKey {
  /** `shop.orders` */
  readonly child: string;
  readonly parent: string;
  /** How many; undefined if the server could not say. */
  readonly rows: number | undefined;
  /** The statement that finds them, behind what it selects. */
  readonly statement: string;
  /** Why the server could not say. */
  readonly said?: string;
}

/** Looks at each foreign key. */
export async function* checkForeignKeys(query: Query, targets: readonly string[]): AsyncIterable<CheckedKey> {
  const columns = await query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, COLUMN_NAME AS own,
       REFERENCED_TABLE_SCHEMA AS parentDb, REFERENCED_TABLE_NAME AS parent, REFERENCED_COLUMN_NAME AS parents
     FROM information_schema.KEY_COLUMN_USAGE
     WHERE REFERENCED_TABLE_NAME IS NOT NULL AND (TABLE_SCHEMA IN (?) OR REFERENCED_TABLE_SCHEMA IN (?))
     ORDER BY 1, 2, 3, ORDINAL_POSITION`,
    [targets, targets],
  );
  for (const { child, parent, from, to, columns: pairs } of foreignKeys(columns)) {
    const on = pairs.map(({ own, parents }) => `c.${own} = p.${parents}`).join(' AND ');
    const set = pairs.map(({ own }) => `c.${own} IS NOT NULL`).join(' AND ');
    const statement = `FROM ${from} c LEFT JOIN ${to} p ON ${on} WHERE ${set} AND p.${pairs[0]!.parents} IS NULL`;
    try {
      const [row] = await query(`SELECT COUNT(*) AS n ${statement}`);
      yield { child, parent, statement, rows: Number(row?.n) };
    } catch (error) {
      if (serverErrorCode(error) === undefined) throw error;
      yield { child, parent, statement, rows: undefined, said: errorText(error) };
    }
  }
}

function foreignKeys(columns: readonly RowDataPacket[]): Iterable<ForeignKey> {
  const keys = new Map<string, ForeignKey>();
  for (const { db, name, fk, own, parentDb, parent, parents } of columns) {
    const id = [db, name, fk].join('\0');
    const key = keys.get(id) ?? {
      ...{ child: `${db}.${name}`, parent: `${parentDb}.${parent}`, columns: [] },
      from: qualified({ database: String(db), name: String(name) }),
      to: qualified({ database: String(parentDb), name: String(parent) }),
    };
    key.columns.push({ own: quote(String(own)), parents: quote(String(parents)) });
    keys.set(id, key);
  }
  return keys.values();
}
