import type { ServerJob } from '../../catalog/contract/task';
import { toolOutput, type ToolCommand } from '../../task/io/tool';
import { BackupError } from '../../task/run/errors';
import { NEEDED_SETTINGS } from './connection';
import type { MysqlDialect } from './dialect';
import { toolFailure } from './failures';
import type { MysqlLook } from './look';
import { quoteAccount } from './names';
import type { MysqlPlan } from './plan';
import { toolTalk } from './tool-talk';

/** `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …` and `mysqldump  Ver 8.4.3 for Linux …`, 11.x: `… from 11.4.2-MariaDB, …`. */
export async function readToolVersion(command: string): Promise<string> {
  const text = await toolOutput(command, ['--version']);
  return /(?:Distrib|from) ([\w.-]+)/.exec(text)?.[1] ?? /Ver ([\w.-]+)/.exec(text)?.[1] ?? text;
}

/**
 * What the tool has to set after its login.
 *
 * @param given a setting with which the server begins sessions, and the tool would read something else than there is
 * @throws BackupError `configuration`, if the tool cannot undo that
 */
export async function toolSettings(
  { dialect, serverVersion, account }: Pick<MysqlLook, 'dialect' | 'serverVersion' | 'account'>,
  given: string | undefined,
): Promise<readonly string[]> {
  const wanted = [...(given === undefined ? [] : NEEDED_SETTINGS), ...dialect.sessionOfTool];
  if (wanted.length === 0) return [];
  const command = dialect.facts.server.dumpTool.name;
  const help = await toolOutput(command, ['--no-defaults', '--help']);
  if (help.includes('--init-command=')) return wanted;
  if (given === undefined) return [];
  const statement = `GRANT ${dialect.exemptFromInitConnect(serverVersion)} ON *.* TO ${quoteAccount(account)};`;
  throw new BackupError(
    'configuration',
    `the server begins sessions with ${given}, by init_connect, skip-character-set-client-handshake or a global setting, which ${command} cannot undo: rows, names or texts would be lost or damaged. Change the server, or, if it is init_connect, exempt the user: ${statement}`,
    { kind: 'session-settings', account, statements: [statement] },
  );
}

/**
 * The command line of the dump tool.
 *
 * @param withPosition whether the head of the dump tells the position in the binary log
 * @param databaseOf the database that the tool is writing, once it has ended
 */
export function toolCommand(
  dialect: MysqlDialect,
  server: ServerJob,
  plan: MysqlPlan,
  optionFile: string,
  withPosition: boolean,
  databaseOf: () => string,
): ToolCommand {
  const talk = toolTalk(plan.tables);
  // The rest of a name with ends of lines, behind which the tool puts dots.
  const brokenNames = new Set(plan.objects.flatMap(({ name }) => `${name}...`.split('\n').slice(1)));
  return {
    command: dialect.facts.server.dumpTool.name,
    args: [
      `--defaults-file=${optionFile}`,
      ...['--single-transaction', '--quick', '--skip-lock-tables', '--verbose'],
      // A table whose default is a sequence's next value cannot be loaded under LOCK TABLES: MariaDB demands a lock on the
      // sequence too.
      '--skip-add-locks',
      ...['--routines', '--triggers', '--events', '--hex-blob', '--no-tablespaces'],
      ...['--default-character-set=utf8mb4', '--max-allowed-packet=1G', '--net-buffer-length=1M'],
      ...dialect.dumpArguments,
      ...(plan.history ? ['--dump-history'] : []),
      ...(withPosition ? ['--master-data=2'] : []),
      ...(server.extraDumpArguments ?? []),
      // A server's own databases may be called anything, `--where=0` too: after `--`, nothing is an option.
      '--databases',
      '--',
      ...plan.databases,
    ],
    talk: (line) => talk(line) || brokenNames.has(line),
    classify: (complaints, table) => toolFailure(complaints, table && [databaseOf(), table].filter(Boolean).join('.')),
  };
}
