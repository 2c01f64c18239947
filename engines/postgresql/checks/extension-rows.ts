import { BackupError } from '../../../task/run/errors';
import { DUMPED_MEMBER, relationValues } from '../grants';
import { utf8Of } from '../names';
import type { PostgresqlLook } from './check';

/**
 * Extensions mark tables whose rows are the user's (`pg_extension.extconfig`), as pg_cron does with its jobs. pg_dump reads
 * them, and stops at one whose row-level security applies to its role.
 *
 * @throws BackupError `privileges`
 */
export async function checkExtensionRows({ client, database, server }: PostgresqlLook): Promise<void> {
  const { rows } = await client.query<{ name: Buffer; extension: Buffer; account: string; role: string }>(
    `SELECT ${utf8Of("format('%I.%I', n.nspname, c.relname)")} AS name, ${utf8Of('quote_ident(extname)')} AS extension,
       current_user AS account, quote_ident(current_user) AS role
     FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_class c ON c.oid = ANY (extconfig)
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND row_security_active(c.oid) AND ${DUMPED_MEMBER}
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1)) AND NOT n.nspname = ANY ($2)
       AND NOT format('%I.%I', n.nspname, c.relname) = ANY ($3) ORDER BY 1`,
    relationValues(server),
  );
  const [first] = rows;
  if (!first) return;
  const names = rows.map(({ name }) => name.toString());
  const objects = rows.map(({ name, extension }) => `${name} of ${extension}`).join(', ');
  const statements = [`ALTER ROLE ${first.role} BYPASSRLS;`];
  throw new BackupError(
    'privileges',
    `row-level security hides rows of an extension in database ${database} from role ${first.account}, and pg_dump stops there: ${objects}. Run as an administrator: ${statements.join(' ')} or leave the rows out, and keep them elsewhere: extraDumpArguments: [${names.map((name) => `'--exclude-table=${name}'`).join(', ')}]`,
    { kind: 'extension-rows-hidden', database, account: first.account, object: names.join(', '), statements },
  );
}
