import { definition } from './steps';
import { page } from './links';
import type { ConnectionKind, Server } from './server-of';

/** A name as MySQL quotes it. */
const text = (name: string): string => `'${name}'`;
const nameOf = ({ user }: Server): string => user ?? 'backup';

const DUMPS = 'SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES';
const privileges = { say: 'All that the user needs, by engine and version:', run: page('privileges.md') };

/** The server was reached, and admits nobody. */
export const LOGIN_KINDS: readonly ConnectionKind[] = [
  {
    name: 'the server refused user or password',
    says: /refused user or password/,
    likelyCause:
      'The server was reached and refused the login: a password that was changed in one place only, a user that is gone, or one that may not come from this address.',
    steps: (facts, server) => [
      definition(facts, 'See which secret the run reads:', 'secrets'),
      {
        say: 'See when it was changed last ($SECRET: its valueFrom, without the end :username:: or :password::):',
        run: facts.aws(
          'secretsmanager describe-secret',
          '--secret-id "$SECRET"',
          '--query "[LastChangedDate,LastRotatedDate]"',
        ),
      },
      {
        say: 'Try its user and password against the server from another machine. Set the one that is wrong: on the server, or in the secret. The next run reads it anew.',
      },
      ...(server.isPostgresql
        ? []
        : [
            {
              say: 'If they are right, the account may be for other hosts. As an administrator:',
              run: `SELECT user, host FROM mysql.user WHERE user = ${text(nameOf(server))};`,
            },
          ]),
    ],
  },
  {
    name: 'the user may not use the database',
    says: /may not use the database/,
    likelyCause: 'The server admitted the user, who holds no privilege on the database: it is new, or was made anew.',
    steps: (_, server) => {
      const [, user, host] = /'([^']+)'@'([^']*)'/.exec(server.said) ?? [];
      const database = /to database '([^']+)'/.exec(server.said)?.[1];
      const on = database === undefined ? '*.*' : `\`${database.replace(/[_%]/g, '\\$&')}\`.*`;
      return [
        {
          say: 'Run as an administrator of the database:',
          run: `GRANT ${DUMPS} ON ${on} TO ${text(user ?? 'backup')}@${text(host ?? '%')};`,
        },
        privileges,
      ];
    },
  },
  {
    name: "the server admits no connection from the task's address",
    says: /admits no connection from the task's address/,
    likelyCause:
      'The server was reached, and has no account for the address of the task, which changes from run to run: the account is for another host.',
    steps: (_, server) => {
      const account = `${text(nameOf(server))}@'%'`;
      return [
        {
          say: `See for which hosts the account is, as an administrator (in place of ${nameOf(server)}: the user name in the secret):`,
          run: `SELECT user, host FROM mysql.user WHERE user = ${text(nameOf(server))};`,
        },
        {
          say: 'If it is there for another host ($HOST), let it come from everywhere. It keeps its privileges:',
          run: `RENAME USER ${text(nameOf(server))}@'$HOST' TO ${account};`,
        },
        {
          say: 'If not, make it, with the password of the secret:',
          run: `CREATE USER ${account} IDENTIFIED BY '$PASSWORD' REQUIRE SSL;\nGRANT ${DUMPS} ON *.* TO ${account};`,
        },
        privileges,
      ];
    },
  },
  {
    name: 'pg_hba.conf does not admit the connection',
    says: /check pg_hba\.conf/,
    likelyCause:
      'PostgreSQL was reached, and has no rule that admits this user from this address, or not without TLS; or the role may not log in.',
    steps: (facts, server) => {
      const user = nameOf(server);
      if (/not permitted to log in/.test(server.said))
        return [{ say: 'Run as an administrator:', run: `ALTER ROLE "${user}" LOGIN;` }];
      return [
        ...(/no encryption|SSL off/i.test(server.said)
          ? [{ say: 'The run came without TLS. Leave out DatabaseTls.off of the database, and deploy.' }]
          : []),
        {
          say: "Put this line into pg_hba.conf, before those that reject ($RANGE: of the task's subnets, such as 10.0.12.0/24, for the address changes):",
          run: `hostssl all ${user} $RANGE scram-sha-256`,
        },
        {
          say: 'The ranges of the subnets:',
          run: facts.aws('ec2 describe-subnets', '--query "Subnets[].[SubnetId,CidrBlock]"', '--output text'),
        },
        { say: 'Let the server read it, as an administrator:', run: 'SELECT pg_reload_conf();' },
        { say: 'On RDS nobody edits that file: there it is TLS (rds.force_ssl), or a role that is gone.' },
      ];
    },
  },
  {
    name: 'the server has no connection left',
    says: /has no connection left/,
    likelyCause:
      'The server was reached, and all its connections are in use. A run opens up to four. Mostly an application that does not close its own.',
    steps: (_, { isPostgresql }) => [
      {
        say: 'See who has them, as an administrator:',
        run: isPostgresql
          ? 'SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2;'
          : 'SELECT user, command, count(*) FROM information_schema.processlist GROUP BY 1, 2;',
      },
      {
        say: `If they are needed, raise max_connections${isPostgresql ? ' (and restart)' : ''}; on RDS in its parameter group. Now it is:`,
        run: isPostgresql ? 'SHOW max_connections;' : "SHOW VARIABLES LIKE 'max_connections';",
      },
      { say: 'If it happens at one hour only, move the schedule of the backup.' },
    ],
  },
  {
    name: 'the database does not exist',
    says: /\(the database does not exist\)/,
    likelyCause:
      'PostgreSQL was reached, and has no database of this name: it was renamed or dropped. Without databases of its own the run asks the database postgres for all others.',
    steps: (_, server) => {
      const name = /database "([^"]+)" does not exist/.exec(server.said)?.[1];
      return [
        {
          say: 'See which there are, as an administrator:',
          run: 'SELECT datname FROM pg_database WHERE datallowconn;',
        },
        name === 'postgres'
          ? { say: 'Make it anew, as an administrator, empty as it is:', run: 'CREATE DATABASE postgres;' }
          : { say: 'If it was renamed: correct databases of the backup, and deploy. If it is lost: restore it.' },
      ];
    },
  },
];
