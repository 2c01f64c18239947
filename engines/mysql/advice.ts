/** How to repair failures of MySQL and MariaDB. Pure: handlers read it. */
import type { ReasonValues } from '../../catalog/contract/failure';
import type { EngineAdvice, LostData, RestoreSteps } from '../engine-advice';
import type { MysqlNote, MysqlReason } from './facts';
import { MYSQL_NOTE_ADVICE } from './note-advice';

const DUMPS = 'SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES';

/** `'backup'` of `backup@%`: a name that could end its quotes gives way to the placeholder. */
const userOf = ({ account = '' }: ReasonValues): string => {
  const user = account.includes('@') ? account.slice(0, account.lastIndexOf('@')) : account;
  return `'${/^[\w.-]+$/.test(user) ? user : '$USER'}'`;
};
const hostOf = ({ account = '' }: ReasonValues): string => {
  const host = account.includes('@') ? account.slice(account.lastIndexOf('@') + 1) : '';
  return `'${/^[\w.%:/-]+$/.test(host) ? host : '%'}'`;
};
const databaseOf = ({ database }: ReasonValues): string =>
  database === undefined ? '*' : `\`${database.replaceAll('`', '``').replace(/[_%]/g, '\\$&')}\``;

/** `shop`.`orders` of `shop.orders`; a placeholder for a name that could end its quotes. */
const tableOf = (object = ''): string =>
  /^[\w$-]+\.[\w$-]+$/.test(object) ? object.replace(/^(.*?)\.(.*)$/, '`$1`.`$2`') : '$DATABASE.$TABLE';
/** The tables of a reason, which a backup brings back. */
const tablesOf = ({ object }: ReasonValues): LostData => ({
  ...(object !== undefined && { tables: object.split(', ') }),
});
const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const ownCertificate = {
  say: 'A stock container creates a certificate that is for no host name. Give the server the new one, readable for its user, and restart it:',
  run: '[mysqld]\nssl_cert = /etc/mysql/server-cert.pem\nssl_key = /etc/mysql/server-key.pem',
};

const accounts = (values: ReasonValues, say: string) => ({
  say,
  run: `SELECT user, host, ssl_type FROM mysql.user WHERE user = ${userOf(values)};`,
});

/** Comments and line ends within routines are kept, and rows may be as long as they were. */
const CLIENT_OPTIONS = '--defaults-extra-file=admin.cnf --comments --binary-mode --max-allowed-packet=1G';

/**
 * Loads every object by a client. What the old server once accepted, the new one accepts as well.
 *
 * @param client its name and further options
 */
export const loadBy =
  (client: string, more = ''): RestoreSteps =>
  ({ objects }, read) => [
    {
      say: 'Name the new, empty server and its administrator in the file admin.cnf:',
      run: '[client]\nhost = new-server.example.com\nuser = root\npassword = "…"',
    },
    ...objects.map((object) => ({
      say: 'Load the databases. Accounts are not in the dump: create those that own views, routines and events first.',
      run: `${read(object)} | ${client} ${CLIENT_OPTIONS}${more}`,
    })),
  ];

export const MYSQL_ADVICE: EngineAdvice<MysqlReason, MysqlNote> = {
  starttls: 'mysql',
  restore: loadBy('mysql'),
  common: {
    'certificate-self-signed': () => [ownCertificate],
    'login-refused': (values) => [
      accounts(
        values,
        'As an administrator, list the hosts from which the account may log in, and whether only by TLS (ssl_type is not empty):',
      ),
      {
        say: 'If the backup has DatabaseTls.off, and the account demands TLS, let it log in without ($HOST: its host):',
        run: `ALTER USER ${userOf(values)}@'$HOST' REQUIRE NONE;`,
      },
    ],
    'no-connection-left': () => [
      {
        say: 'As an administrator, see who holds the connections:',
        run: 'SELECT user, command, count(*) FROM information_schema.processlist GROUP BY 1, 2;',
      },
      {
        say: 'If all of them are needed, raise max_connections; on RDS, in the parameter group. Its current value:',
        run: "SHOW VARIABLES LIKE 'max_connections';",
      },
    ],
    'tls-not-offered': () => [
      { say: 'As an administrator, see whether TLS is enabled:', run: "SHOW VARIABLES LIKE '%ssl%';" },
    ],
    'database-unknown': () => [{ say: 'As an administrator, list the databases:', run: 'SHOW DATABASES;' }],
    'no-database': () => [{ say: 'As an administrator, list the databases:', run: 'SHOW DATABASES;' }],
  },
  own: {
    'address-refused': {
      title: "the server admits no connection from the task's address",
      likelyCause:
        'The server was reached, but no account matches the address of the task, which changes from run to run. The account was created for another host.',
      action: 'Let the account log in from every address of the subnets.',
      steps: (values) => {
        const account = `${userOf(values)}@'%'`;
        return [
          accounts(
            values,
            'As an administrator, list the hosts from which the account may log in ($USER: the user name in the secret):',
          ),
          {
            say: 'If it exists for another host ($HOST), let it log in from everywhere. It keeps its privileges:',
            run: `RENAME USER ${userOf(values)}@'$HOST' TO ${account};`,
          },
          {
            say: 'If it does not exist, create it with the password of the secret, and without REQUIRE SSL if the backup has DatabaseTls.off:',
            run: `CREATE USER ${account} IDENTIFIED BY '$PASSWORD' REQUIRE SSL;\nGRANT ${DUMPS} ON *.* TO ${account};`,
          },
        ];
      },
    },
    'database-refused': {
      title: 'the user may not use the database',
      happened: ({ account, database }) =>
        `the database user${account === undefined ? '' : ` ${account}`} may not use ${database === undefined ? 'the database' : `database ${database}`}`,
      likelyCause:
        'The login succeeded, but the user holds no privilege on the database: it is new, or was created again.',
      action: 'Grant the user its privileges on the database.',
      steps: (values) => [
        {
          say: 'Run as an administrator of the database:',
          run: `GRANT ${DUMPS} ON ${databaseOf(values)}.* TO ${userOf(values)}@${hostOf(values)};`,
        },
      ],
    },
    'table-changed': {
      title: 'a table changed during the dump',
      happened: ({ object }) =>
        `${object === undefined ? 'a table' : `table ${object}`} was altered or dropped during the dump`,
      likelyCause:
        'ALTER TABLE, DROP TABLE, TRUNCATE or RENAME ran while the dump was reading: a migration, a deployment or a job. The dump cannot be consistent then.',
      action: 'Make a backup now, and keep the schedule away from migrations.',
      steps: () => [
        { say: 'The run was tried twice. Move the schedule of the backup away from the job that alters tables.' },
      ],
    },
    'table-locked': {
      title: 'a table is locked',
      happened: ({ object }) =>
        `the dump waited too long for a lock${object === undefined ? '' : ` of table ${object}`}`,
      likelyCause: 'LOCK TABLES … WRITE, an ALTER TABLE, or a transaction that nobody ends keeps the table.',
      action: 'End the session that keeps the table, then make a backup.',
      steps: ({ said }) => [
        {
          say: `As an administrator, find the session${said === undefined ? '' : ` (${said})`}, and end it by its id ($ID):`,
          run: 'SHOW FULL PROCESSLIST;\nKILL $ID;',
        },
      ],
    },
    'table-unreadable': {
      title: 'the server cannot read a table',
      happened: ({ object }) => `the server cannot read ${object === undefined ? 'a table' : `table ${object}`}`,
      likelyCause:
        'Its files are gone, its engine is not loaded, or a table that it is made of (MERGE) does not exist.',
      action: 'Repair the table, drop it, or leave it out of the backup.',
      steps: ({ object }) => [
        { say: 'As an administrator, ask the server what is wrong:', run: `CHECK TABLE ${tableOf(object)};` },
        {
          say: 'To leave it out of the backup for good, add to extraDumpArguments and deploy:',
          run: `--ignore-table=${object !== undefined && /^[\w.$-]+$/.test(object) ? object : '$DATABASE.$TABLE'}`,
        },
      ],
      lost: tablesOf,
    },
    'table-damaged': {
      title: 'a table is damaged',
      happened: ({ object }) => `the files of ${object === undefined ? 'a table' : `table ${object}`} are damaged`,
      likelyCause:
        'The server or its disk stopped while the table was written. MyISAM, Aria and ARCHIVE tables do not survive that by themselves.',
      action: 'Repair the table, or bring it back from an older backup. Keep the older backups until then.',
      steps: ({ object }) => [
        { say: 'As an administrator, see how much is damaged:', run: `CHECK TABLE ${tableOf(object)} EXTENDED;` },
        {
          say: 'Copy the files of the table, because the repair drops the rows that it cannot read. It does not know InnoDB tables: bring such a table back from a backup.',
          run: `REPAIR TABLE ${tableOf(object)};`,
        },
        {
          say: 'If the server cannot open the table at all, let it build the index anew from the rows:',
          run: `REPAIR TABLE ${tableOf(object)} USE_FRM;`,
        },
      ],
      lost: tablesOf,
    },
    'limit-reached': {
      title: 'a limit of the account or the server stopped the backup',
      likelyCause:
        'The account has MAX_USER_CONNECTIONS, MAX_QUERIES_PER_HOUR or another limit, or the server ends long statements (max_execution_time, max_statement_time).',
      action: 'Exempt the account of the backup from the limit.',
      steps: (values) => [
        {
          say: 'As an administrator, see the limits of the account ($USER: the user name in the secret):',
          run: `SHOW CREATE USER ${userOf(values)}@${hostOf(values)};`,
        },
        {
          say: 'Lift them:',
          run: `ALTER USER ${userOf(values)}@${hostOf(values)} WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0;`,
        },
        {
          say: 'If the server ends long statements, see after how long:',
          run: "SHOW GLOBAL VARIABLES LIKE 'max\\_%\\_time';",
        },
      ],
    },
    'row-too-long': {
      title: 'a row is too long to be restored',
      happened: ({ object }) =>
        `a row${object === undefined ? '' : ` of ${object}`} makes a statement of more than 1 GiB, which no server can load`,
      likelyCause:
        'Binary values take twice their size in a dump, and no server accepts a statement of more than 1 GiB: a value of 512 MiB is too long.',
      action: 'Shorten the row, or leave its table out of the backup.',
      steps: ({ object = '$DATABASE.$TABLE' }) => [
        { say: 'To leave the table out:', run: `extraDumpArguments: ['--ignore-table=${object}']` },
      ],
    },
    'view-broken': {
      title: 'a view cannot be read',
      happened: ({ object }) => `${object === undefined ? 'a view' : `view ${object}`} cannot be read by anybody`,
      likelyCause:
        'The view names a table, column or function that no longer exists, or its definer was dropped or lost privileges. The dump tool stops at such a view.',
      action: 'Repair or drop the view, or leave it out of the backup.',
      steps: ({ object = '' }) => {
        const [first = '$DATABASE.$VIEW'] = object.split(', ');
        return [
          {
            say: 'As an administrator, see what is wrong with it:',
            run: `CHECK TABLE ${first.split('.').map(quoteName).join('.')};`,
          },
          { say: 'To leave it out:', run: `extraDumpArguments: ['--ignore-table=${first}']` },
        ];
      },
    },
    'damage-hidden': {
      title: 'the server skips damaged data',
      happened: ({ object }) =>
        `the server was started to skip damaged data${object === undefined ? '' : ` (${object})`}`,
      likelyCause:
        'innodb_force_recovery lets a server start in spite of damage. What it cannot read is missing, and a dump would look complete.',
      action: 'Repair the server, and keep the backups that were made before the damage.',
      steps: () => [
        {
          say: 'Read how to recover, and do not delete older backups:',
          run: 'https://dev.mysql.com/doc/refman/8.4/en/forcing-innodb-recovery.html',
        },
        { say: 'When all tables are sound, start the server without it:', run: '[mysqld]\ninnodb_force_recovery = 0' },
      ],
    },
    'session-settings': {
      title: 'the server begins sessions with settings that damage dumps',
      likelyCause:
        "init_connect or a global setting gives sessions another character set than utf8mb4 (skip-character-set-client-handshake does so too), limits how many rows a SELECT returns, or sets system_versioning_asof. MariaDB's dump tool cannot undo it.",
      action: 'Let sessions of the backup begin with the settings of the engine.',
      steps: (values) => [
        { say: 'As an administrator, see what the server does:', run: "SHOW GLOBAL VARIABLES LIKE 'init_connect';" },
        {
          say: 'If init_connect is set, exempt the user from it (MySQL: CONNECTION_ADMIN):',
          run: `GRANT CONNECTION ADMIN ON *.* TO ${userOf(values)}@${hostOf(values)};`,
        },
        {
          say: 'If it is empty, undo the global settings, and start the server without skip-character-set-client-handshake or with character_set_server:',
          run: '[mysqld]\ncharacter_set_server = utf8mb4\nsql_select_limit = 18446744073709551615',
        },
      ],
    },
    'masked-columns': {
      title: 'the user may see masked values',
      happened: ({ object }) =>
        `masking policies are set on columns of the source${object === undefined ? '' : `: ${object}`}`,
      likelyCause:
        'A masking policy shows the real values only to the users and roles that it names. The backup would hold masked values for all others, and nothing would say so.',
      action: "Let the policies exempt the backup's user, and say so in the backup's settings.",
      steps: ({ account }) => [
        {
          say: `As an administrator, see whom a policy exempts ($POLICY: its name), and add the backup's user${account === undefined ? '' : ` (${account})`}:`,
          run: 'SHOW CREATE MASKING POLICY $POLICY;',
        },
        { say: 'Then tell the backup that its user is exempt:', run: "extraDumpArguments: ['--masking-policies']" },
        { say: 'Or leave the tables out:', run: "extraDumpArguments: ['--ignore-table=$DATABASE.$TABLE']" },
      ],
    },
    'endless-event': {
      title: 'an event that the dump tool never ends with',
      happened: ({ object }) =>
        `the text of ${object === undefined ? 'an event' : `these events: ${object},`} has two semicolons in a row`,
      likelyCause:
        'mysqldump and mariadb-dump look for a delimiter that an event does not contain, and never find one if it has two semicolons in a row. The run would hang until its timeout.',
      action: 'Write a blank between the two semicolons, in text, name and comment of the event.',
      steps: ({ object = '$DATABASE.$EVENT' }) => [
        { say: 'See the event:', run: `SHOW CREATE EVENT ${object.split(', ')[0]};` },
        { say: 'Change its text:', run: `ALTER EVENT ${object.split(', ')[0]} DO $TEXT;` },
      ],
    },
    'old-name': {
      title: 'a name from before MySQL 5.1',
      happened: ({ object }) =>
        `${object === undefined ? 'a database or table' : object} has a name from before MySQL 5.1`,
      likelyCause:
        'Its files were named by MySQL 5.0, or by hand. The server shows it as #mysql50#…, and no restore can create it.',
      action: 'Give it a name of today, or leave it out.',
      steps: ({ statements = [], object }) => [
        { say: 'As an administrator, rename it:', run: statements.join('\n') },
        {
          say: `Or leave it out of the backup, by excludeDatabases or --ignore-table${object === undefined ? '' : `: ${object}`}.`,
        },
      ],
    },
  },
  notes: MYSQL_NOTE_ADVICE,
};
