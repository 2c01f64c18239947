/** How to repair failures of MySQL and MariaDB. Pure: handlers read it. */
import type { ReasonValues } from '../../catalog/contract/failure';
import { objectsOf } from '../../catalog/contract/note';
import type { EngineAdvice } from '../engine-advice';
import type { MysqlNote, MysqlReason } from './facts';
import { COMEBACK_NOTES } from './note-advice';

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

const ownCertificate = {
  say: 'A stock container creates a certificate that is for no host name. Give the server the new one, readable for its user, and restart it:',
  run: '[mysqld]\nssl_cert = /etc/mysql/server-cert.pem\nssl_key = /etc/mysql/server-key.pem',
};

const accounts = (values: ReasonValues, say: string) => ({
  say,
  run: `SELECT user, host FROM mysql.user WHERE user = ${userOf(values)};`,
});

export const MYSQL_ADVICE: EngineAdvice<MysqlReason, MysqlNote> = {
  starttls: 'mysql',
  common: {
    'certificate-self-signed': () => [ownCertificate],
    'login-refused': (values) => [
      accounts(values, 'As an administrator, list the hosts from which the account may log in:'),
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
            say: 'If it does not exist, create it with the password of the secret:',
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
        { say: 'If it happens again, move the schedule of the backup away from the job that alters tables.' },
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
  notes: {
    ...COMEBACK_NOTES,
    'no-history': {
      title: 'past rows that are not in the backup',
      happened: () =>
        'the past rows of system-versioned tables are not in the dump: mariadb-dump writes them from MariaDB 10.11 on',
      steps: () => [],
    },
    'masked-columns': {
      title: 'columns with masking policies',
      happened: (note) =>
        `columns have masking policies, which are said to exempt the backup's user: ${objectsOf(note)}`,
      steps: () => [],
    },
  },
};
