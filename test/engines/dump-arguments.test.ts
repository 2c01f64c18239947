import type { ServerJob } from '../../catalog/contract/task';
import { dumpArgumentFault, partsLeftOut } from '../../engines/dump-arguments';
import { serverFacts } from '../../engines/facts';

const faultOf = (engine: string, words: readonly string[]) => dumpArgumentFault(serverFacts(engine).dumpTool, words);

test.each([
  ['mysql', '--password=x', 'credentials come from the secret, never from a command line'],
  ['mysql', '-psecret', 'credentials come from the secret, never from a command line'],
  ['mariadb', '--force', 'it would make a partial dump that looks complete'],
  ['mariadb', '--where=id<10', 'it would make a partial dump that looks complete'],
  ['mysql', '--result-file=/tmp/x', 'the program reads the dump from standard output, in a format that it can check'],
  // In latin1 or utf8mb3, an emoji becomes a question mark, and the exit code stays 0.
  [
    'mysql',
    '--default-character-set=latin1',
    'the program reads the dump from standard output, in a format that it can check',
  ],
  ['mysql', '--compatible=ansi', 'the program reads the dump from standard output, in a format that it can check'],
  ['mysql', '--log-error=/tmp/x', 'the program reads the dump from standard output, in a format that it can check'],
  ['mysql', '--skip-quote-names', 'the program reads the dump from standard output, in a format that it can check'],
  // Rows of MERGE tables would be in the dump twice.
  ['mariadb', '--skip-no-data-med', 'the program reads the dump from standard output, in a format that it can check'],
  ['mysql', '--ignore-views', 'it would make a partial dump that looks complete'],
  ['mysql', '--skip-generated-invisible-primary-key', 'it would make a partial dump that looks complete'],
  ['mariadb', '--as-of=2026-01-01', 'it would make a partial dump that looks complete'],
  ['mariadb', '--skip-dump-history', 'it would make a partial dump that looks complete'],
  ['mysql', '--init-command=SET NAMES latin1', 'the connection is set by the construct'],
  ['mysql', '--init-command-add=SET @a = 1', 'the connection is set by the construct'],
  ['mysql', '--plugin-dir=/x', 'the connection is set by the construct'],
  ['mysql', '--tls-version=TLSv1.1', 'the connection is set by the construct'],
  ['mysql', '--password2=x', 'credentials come from the secret, never from a command line'],
  ['mysql', '--delete-source-logs', 'it would hold up writers or change the server while the dump is made'],
  ['mysql', '--dump-replica', 'it would hold up writers or change the server while the dump is made'],
  ['mariadb', '--master-data=2', 'it would hold up writers or change the server while the dump is made'],
  ['mariadb', '-x', 'it would hold up writers or change the server while the dump is made'],
  ['mysql', '--add-drop-database', 'a restore would drop or change what it was not asked to'],
  ['mariadb', '--add-drop-d', 'a restore would drop or change what it was not asked to'],
  ['mariadb', '--system=users', 'a restore would drop or change what it was not asked to'],
  ['mysql', '--host=other', 'the connection is set by the construct'],
  ['postgresql', '--enable-row-security', 'it would make a partial dump that looks complete'],
  ['postgresql', '-Fp', 'the program reads the dump from standard output, in a format that it can check'],
  ['postgresql', '--dbname=postgres://u:p@h/d', 'the connection is set by the construct'],
  // The same options as the tools also read them: with underscores, shortened, negated, several in one word.
  ['mysql', '--no_data', 'it would make a partial dump that looks complete'],
  ['mysql', '--wher=1=0', 'it would make a partial dump that looks complete'],
  ['mariadb', '--loose-where=1=0', 'it would make a partial dump that looks complete'],
  ['mariadb', '-vw1=0', 'it would make a partial dump that looks complete'],
  ['mysql', '--triggers=0', 'it would make a partial dump that looks complete'],
  ['mysql', '--skip-routines', 'it would make a partial dump that looks complete'],
  ['mysql', '--disable_events', 'it would make a partial dump that looks complete'],
  ['mysql', '--no-create-info', 'it would make a partial dump that looks complete'],
  ['mysql', '--skip-single-transaction', 'it would make a partial dump that looks complete'],
  ['mysql', '--skip-comments', 'the program reads the dump from standard output, in a format that it can check'],
  ['mysql', '--loose-skip-ssl', 'the connection is set by the construct'],
  ['mysql', '--ssl-mode=DISABLED', 'the connection is set by the construct'],
  ['mariadb', '--defaults-extra-file=/x', 'the connection is set by the construct'],
  ['postgresql', '-xs', 'it would make a partial dump that looks complete'],
  ['postgresql', '--schema-o', 'it would make a partial dump that looks complete'],
  ['postgresql', '--data-only', 'it would make a partial dump that looks complete'],
  ['postgresql', '--section=pre-data', 'it would make a partial dump that looks complete'],
  ['postgresql', '--exclude-table-d=*', 'it would make a partial dump that looks complete'],
] as const)('%s: %s is refused', (engine, argument, reason) => {
  expect(faultOf(engine, ['--skip-tz-utc', argument])).toBe(
    `dump argument ${JSON.stringify(argument)} is not allowed: ${reason}; remove it`,
  );
});

test('a word that is no option is refused: it would name a database or a table', () => {
  expect(faultOf('mysql', ['shop'])).toBe(
    'dump argument "shop" is not an option: write options as one word each, such as "--name=value"',
  );
});

test.each([
  ['mysql', ['--ignore-table=shop.cache', '--skip-tz-utc', '--insert-ignore', '--net-buffer-length=1M', '-v']],
  ['mysql', ['--masking-policies', '--skip-lock-tables', '--order-by-primary', '--no-autocommit', '--skip-dump-date']],
  ['mariadb', ['--order-by-size', '--copy-s3-tables=yes', '--skip-log-queries']],
  ['postgresql', ['-Tpublic.aspect', '-x', '--schema=sales', '--no-subscriptions', '--no-security-labels']],
  ['postgresql', ['--no-publications', '--exclude-table=public.cache', '--no-comments']],
] as const)('%s: %j is allowed', (engine, words) => expect(faultOf(engine, words)).toBeUndefined());

const SERVER: ServerJob = { host: 'db', port: 1, tls: { mode: 'public' } };
test.each<[string, Partial<ServerJob>, string[]]>([
  ['postgresql', { schemas: ['a'] }, ['schemas']],
  ['postgresql', { excludeSchemas: ['a'] }, ['excludeSchemas']],
  ['postgresql', { extraDumpArguments: ['-Tlog', '-x', '--no-comments', '--extra-float-digits=1'] }, ['-Tlog']],
  ['postgresql', { extraDumpArguments: ['--exclude-ta=a', '--no-owner', '--sch=b'] }, ['--exclude-ta=a', '--sch=b']],
  ['mysql', { extraDumpArguments: ['--insert-ignore', '--ignore_table=a.b'] }, ['--ignore_table=a.b']],
  ['mariadb', { databases: ['a'], extraDumpArguments: ['--ignore-table=a.b', '-v'] }, ['--ignore-table=a.b']],
])('%s: of %j, %j leave parts out', (engine, job, words) => {
  expect(partsLeftOut(serverFacts(engine).dumpTool, { ...SERVER, ...job })).toEqual(words);
});
