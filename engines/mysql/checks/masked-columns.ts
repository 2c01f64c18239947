import { BackupError } from '../../../task/run/errors';
import { noteOf } from '../../../catalog/contract/note';
import type { MysqlCheck } from './check';

/** The tool's option for the definitions of policies: whoever gives it says that the policies exempt the account. */
const EXEMPT = '--masking-policies';

/**
 * Refuses columns that a masking policy (MySQL 9.7) may show masked: the dump would hold the masked values, with exit code 0. The
 * server tells nobody whom a policy exempts, except who may change it.
 */
export const checkMaskedColumns: MysqlCheck = async (look, { databases, tables }) => {
  if (!look.dialect.masksColumns(look.serverVersion)) return;
  const dumped = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  const rows = await look.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS
     WHERE EXTRA LIKE '%MASKING POLICY%' AND TABLE_SCHEMA IN (?) ORDER BY 1, 2, 3`,
    [databases],
  );
  const masked = rows.filter(({ db, name }) => dumped.has(`${db}.${name}`));
  if (masked.length === 0) return;
  const columns = masked.map(({ db, name, col }) => `${db}.${name}.${col}`);
  if (look.server.extraDumpArguments?.includes(EXEMPT) === true) return look.note(noteOf('masked-columns', columns));
  const object = columns.slice(0, 10).join(', ');
  throw new BackupError(
    'privileges',
    `masking policies are set on ${columns.length} columns (${object}): the dump would hold what they show to ${look.account}, which may be masked. Let the policies exempt ${look.account} and say so by extraDumpArguments: ['${EXEMPT}'], or leave the tables out by --ignore-table=database.table`,
    { kind: 'masked-columns', account: look.account, object },
  );
};
