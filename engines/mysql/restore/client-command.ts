import type { ToolCommand, ToolFailure } from '../../../task/io/tool';
import type { MysqlDialect } from '../dialect';

/** The client says a statement's own words here: rows of the backup. */
const DATA =
  /\b((?:entry|value|near|name|definition):? )'(?:.*'(?= for (?:key|column|function) \S+(?: at row \d+)?$| at line \d+$)|.*)/gi;
const COMPLAINT = /^(?:ERROR\b|\S*(?:mysql|mariadb): (?!\[Warning\]))/;

/** Table full, disk full, error writing a file, and what storage engines and temporary files make of it. */
export const FULL_CODES: readonly number[] = [1114, 1021, 1026, 3675];
const FULL: ToolFailure = {
  ...{ exit: 'restoreFailed', kind: 'target-full' },
  advice: 'the target has no room left: give it more storage, then run the same command again',
};
const LACKS = (advice: string): ToolFailure => ({ exit: 'restoreFailed', kind: 'target-lacks', advice });
const ENCRYPTED = LACKS(
  'tables are encrypted: restore into a server that can encrypt (keyring or key management plugin)',
);

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/docs/server/reference/error-codes */
const MEANINGS: readonly (readonly [codes: readonly number[], meaning: ToolFailure])[] = [
  [FULL_CODES, FULL],
  [[1044, 1045, 1142, 1143, 1227, 1370, 1419, 4006], { exit: 'privileges', kind: 'privileges-missing' }],
  [[1418], LACKS('run SET GLOBAL log_bin_trust_function_creators = ON on the target, in RDS in its parameter group')],
  [[1153, 2020], LACKS('a row is longer than the target takes: SET GLOBAL max_allowed_packet = 1073741824')],
  [[1449], LACKS('an account that is the definer of an object does not exist: use --create-definers or --definer')],
  [
    [1356],
    LACKS(
      'a view reads what is not there, or what its definer may not: restore all databases that it reads, or use --definer',
    ),
  ],
  [[1115, 1273, 1286, 3750], LACKS('restore into a server that has it')],
  [[3185], ENCRYPTED],
  [[3121], LACKS('make the data directories of tables there, and name them in innodb_directories')],
  [[3510], LACKS('create the general tablespaces there first')],
  [
    [2006, 2013, 2055, 1053, 1927, 4031],
    {
      exit: 'restoreFailed',
      kind: 'connection-lost',
      advice: 'the session with the target ended: see whether it was restarted, or out of memory',
    },
  ],
  [
    [1205],
    {
      exit: 'restoreFailed',
      kind: 'table-locked',
      advice: 'another session keeps a lock: an administrator sees it by SHOW FULL PROCESSLIST',
    },
  ],
  [[1290, 1836], LACKS('the target is read-only: restore into the server that takes writes')],
];
/** `ERROR 1114 (HY000) at line 42: The table 't' is full` */
const CODE = /ERROR (\d+)/;
/** ENOSPC, as storage engines say it. */
const NO_SPACE = /\b(?:errno: 28|error 28|Errcode: 28|OS errno 28)\b/i;
/** MariaDB refuses options that its storage engine cannot fulfil: encryption without keys, as a rule. */
const WRONG_OPTIONS = /ERROR 1005 .*\berrno: 140\b/;

/**
 * What the client's words mean.
 *
 * @param table `shop.orders` that was under way
 */
function clientFailure(complaints: string, table: string | undefined): ToolFailure | undefined {
  const code = Number(CODE.exec(complaints)?.[1]);
  const meaning =
    (NO_SPACE.test(complaints) && FULL) ||
    (WRONG_OPTIONS.test(complaints) && ENCRYPTED) ||
    MEANINGS.find(([codes]) => codes.includes(code))?.[1];
  if (!meaning)
    return table === undefined ? undefined : { exit: 'restoreFailed', kind: 'client-failed', object: table };
  return { ...meaning, ...(table !== undefined && { object: table }) };
}

/**
 * The command line of the client that loads a dump.
 *
 * @param options beside those that every restore needs
 * @param tableOf what is under way
 */
export const clientCommand = (
  { client }: MysqlDialect,
  optionFile: string,
  options: readonly string[],
  tableOf: () => string | undefined,
): ToolCommand => ({
  command: client,
  args: [
    `--defaults-file=${optionFile}`,
    ...['--batch', '--comments', '--binary-mode', '--skip-reconnect', '--default-character-set=utf8mb4'],
    ...['--max-allowed-packet=1G', ...options],
  ],
  takesInput: true,
  failure: { exit: 'restoreFailed', kind: 'client-failed' },
  // All else is the statement that failed, with its rows.
  talk: (line) => !COMPLAINT.test(line),
  edit: (line) => line.replaceAll(DATA, "$1'…'"),
  classify: (complaints) => clientFailure(complaints, tableOf()),
});
