/** The next steps fit the reason, and not only the exit code. */
import type { Reason } from '../../../catalog/contract/failure';
import type { CommandFacts, Problem, RestoreFacts } from '../../../catalog/contract/notification';
import { registerAdvice } from '../../../engines/advice';
import { composeDigest, composeProblems, composeRecoveries } from '../../../lambda/notify/compose/compose';
import { enrich } from '../../../lambda/notify/problems/enrich';
import { allEmails, many, onInstance } from './compose-emails';
import { connection, EVERY_REASON, FAILED_RUNS } from './compose-reasons';
import { backup, COMMAND, failedRun, PLACE, problem, prunedProblem, RECOVERY, row } from './compose-support';

const emailOf = (...problems: readonly Problem[]) => composeProblems(problems, PLACE);
const textOf = (...problems: readonly Problem[]): string => emailOf(...problems).text;
const subjectOf = (...problems: readonly Problem[]): string => emailOf(...problems).notification.subject;
const run = (name: keyof typeof FAILED_RUNS, source = 'shop') =>
  failedRun(FAILED_RUNS[name], { source, about: source });
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** Reasons that say no more than the exit code. */
const SAID_BY_EXIT_CODE = ['timed-out', 'already-running', 'interrupted', 'fault-of-the-program', 'other'];

test('every reason has advice of its own', () => {
  for (const one of EVERY_REASON) {
    const { kind } = one.reason;
    const withReason = emailOf(failedRun(one)).notification.problems![0]!.likelyCause;
    const without = emailOf(problem('failed', one.cause, { reason: undefined })).notification.problems![0]!.likelyCause;
    // The only reason of its exit code.
    if (kind === 'privileges-missing') continue;
    if (SAID_BY_EXIT_CODE.includes(kind)) expect([kind, withReason]).toEqual([kind, without]);
    else expect([kind, withReason]).not.toEqual([kind, without]);
  }
});

test.each([
  ['database-refused', "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `shop\\_eu`.* TO 'backup'@'%';"],
  ['address-refused', "CREATE USER 'backup'@'%' IDENTIFIED BY '$PASSWORD' REQUIRE SSL;"],
  ['not-admitted', 'hostssl all backup $RANGE scram-sha-256'],
  ['role-without-login', 'ALTER ROLE "backup" LOGIN;'],
  ['no-answer', '--protocol tcp --port 3306 --source-group "$GROUP"'],
  ['no-answer-postgresql', '--protocol tcp --port 5432 --source-group "$GROUP"'],
  ['no-answer', '/docs/networking.md#aurora-serverless-that-sleeps'],
  ['not-ready', '/docs/networking.md#aurora-serverless-that-sleeps'],
  ['host-unknown', 'dig +short shop-db.internal'],
  ['expired', 'openssl s_client -connect shop-db.internal:3306 -starttls mysql'],
  ['self-signed', '-addext "subjectAltName=DNS:shop-db.internal" -keyout server-key.pem -out server-cert.pem'],
  ['self-signed', 'ssl_cert = /etc/mysql/server-cert.pem'],
  ['self-signed-postgresql', "ALTER SYSTEM SET ssl_cert_file = '/etc/postgresql/server-cert.pem';"],
  ['key-denied', '--key-id arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333'],
  ['key-unusable', 'aws kms describe-key --region eu-west-1 --key-id "$KEY"'],
  ['extension-rows-hidden', "extraDumpArguments: ['--exclude-table=cron.job']"],
  ['subscriptions', 'SELECT subname, subpublications FROM pg_subscription;'],
] as const)('the email has the next command or statement: %s', (name, statement) => {
  expect(textOf(run(name))).toContain(statement);
});

describe('an engine without advice', () => {
  const SQL = /mysql|SELECT |GRANT |SHOW |pg_|starttls|-- /i;

  test.each([
    'login-refused-cassandra',
    'no-connection-left-cassandra',
    'tls-not-offered-cassandra',
    'self-signed-cassandra',
  ] as const)('gets general advice, and no SQL of another engine: %s', (name) => {
    const text = textOf({ ...run(name), newest: backup(24, { engine: 'cassandra', engineVersion: '8.0.4' }) });
    expect(text).not.toMatch(SQL);
    expect(text).toContain('cassandra 8.0.4');
    expect(text).toContain('npx proven-backups run');
  });

  test('gets its own advice once it is registered', () => {
    registerAdvice('toydb', {
      restore: () => [],
      common: { 'login-refused': ({ account }) => [{ say: 'List the toys:', run: `toys --of ${account}` }] },
      own: {
        'toy-broken': {
          title: 'a toy is broken',
          happened: ({ object }) => `toy ${object} is broken`,
          likelyCause: 'Somebody played with it.',
          action: 'Mend the toy.',
          steps: () => [{ say: 'Glue it.' }],
        },
      },
      notes: {},
    });
    const broken = { ...connection('toy-broken', 'crack'), engine: 'toydb', cause: 'dumpFailed' } as const;
    const email = emailOf(failedRun({ ...broken, reason: { kind: 'toy-broken', object: 'bear' } }));
    expect(email.notification.subject).toBe('FAILED shop: toy bear is broken (2026-11-20 02:00 Paris)');
    expect(email.text).toContain('What to do: Mend the toy.');
    const refused = { ...connection('login-refused', 'no', 'mysql', { account: 'ann' }), engine: 'toydb' };
    expect(textOf(failedRun(refused))).toContain('toys --of ann');
    expect(() => registerAdvice('toydb', { restore: () => [], common: {}, own: {}, notes: {} })).toThrow(
      'advice of engine toydb is registered already',
    );
  });
});

test('a reason that this version does not know falls back to the exit code, with the words of the program', () => {
  const { notification, text } = emailOf(run('newer-program'));
  expect(notification.subject).toBe('FAILED shop: the moon was full: wait a day (2026-11-20 02:00 Paris)');
  expect(text).toMatch(/^The backup of shop failed: the moon was full: wait a day\./);
});

test('names that could end their quotes are not put into statements', () => {
  const account = "o'hara'; DROP USER root; --@%";
  const text = textOf(failedRun(connection('address-refused', 'no', 'mysql', { account })));
  expect(text).toContain("WHERE user = '$USER';");
  expect(text.split('LAST LOG LINES')[0]).not.toContain('DROP USER');
  const role = failedRun(connection('role-without-login', 'no', 'postgresql', { account: 'a" SUPERUSER; --' }));
  expect(textOf(role)).toContain('ALTER ROLE "$ROLE" LOGIN;');
});

test.each(['configuration', 'connection', 'uploadFailed', 'privileges'] as const)(
  'if the log could not be read, the first step is to read it: %s',
  (cause) => {
    const unread = { sentence: 'it failed', logLines: undefined, reason: undefined, engine: undefined };
    const { next } = emailOf(problem('failed', cause, unread)).notification.problems![0]!;
    expect(next[1]).toMatch(/^aws logs filter-log-events .* --log-stream-names shop\/backup\//);
  },
);

test('of many sources each kind gets its own steps, with the names of the sources', () => {
  const text = textOf(run('no-answer', 'shop'), run('expired', 'blog'), run('no-answer', 'crm'));
  const [, first, second] = text.split(/^WHAT TO DO: /m);
  expect(first).toMatch(/^the database server did not answer\n\nFor shop, crm\.\n[^]*authorize-security-group-ingress/);
  expect(second).toMatch(/^the server's certificate has expired\n\nFor blog\.\n[^]*openssl/);
});

describe('of many problems with one cause, each gets the steps that fit it', () => {
  const sectionsOf = (...problems: readonly Problem[]): string[] =>
    textOf(...problems)
      .split(/^WHAT TO DO/m)
      .slice(1);
  const of = (source: string) => ({ source, about: source });

  test('no restore is told to replace what another one was to replace', () => {
    const restoreOf = (source: string, restore: Partial<RestoreFacts>) =>
      problem('housekeeping', 'restore', {
        about: `restore of ${source}`,
        restore: { source, backupId: '2026-11-19T01-00-00Z', ...restore },
      });
    const sections = sectionsOf(
      restoreOf('shop', { state: 'partial' }),
      restoreOf('blog', { state: 'unchanged' }),
      restoreOf('wiki', { state: 'unchanged', overwrite: true, databases: ['wiki'] }),
    );
    const commands = sections.map((section) => section.match(/^npx proven-backups restore .*$/gm));
    const command = (source: string) =>
      `npx proven-backups restore --bucket acme-backups --source ${source} --region eu-west-1 --backup 2026-11-19T01-00-00Z`;
    expect(commands).toEqual([
      [`${command('shop')} --overwrite`],
      [command('blog')],
      [`${command('wiki')} --databases wiki --overwrite`],
    ]);
    expect(sections.join()).not.toContain('repeat them with the others');
  });

  test('restore tests that could not run, by why they could not', () => {
    const notRun = (source: string, reason: Reason, serverVersion = '18.1') =>
      problem('not-proven', 'restore-test-not-run', {
        ...of(source),
        test: { id: 'x', testedAt: '2026-11-19T05:12:00Z', engine: 'postgresql', serverVersion, reason },
      });
    const lacks = { kind: 'image-lacks', object: 'extension vector' };
    const sections = sectionsOf(
      notRun('shop', lacks),
      notRun('blog', { kind: 'timed-out' }),
      notRun('crm', lacks),
      notRun('wiki', lacks, '17.2'),
    );
    expect(sections.map((section) => /For (.*)\./.exec(section)![1])).toEqual(['shop, crm', 'blog', 'wiki']);
    expect(sections.map((section) => /FROM \S+/.exec(section)?.[0])).toEqual([
      'FROM postgres:18-bookworm',
      undefined,
      'FROM postgres:17-bookworm',
    ]);
    expect(sections[1]).toContain('Give the tests more time');
  });

  test.each(['out-of-memory', 'tool-killed'])('sizes of tasks: %s', (kind) => {
    const run = (source: string, memory: number) => {
      const task = { ...problem('failed', 'out-of-memory').task!, memory };
      return kind === 'out-of-memory'
        ? problem('failed', kind, { ...of(source), task })
        : problem('failed', 'dumpFailed', { ...of(source), task, reason: { kind } });
    };
    const sections = sectionsOf(run('shop', 2048), run('blog', 8192), run('crm', 2048));
    expect(sections.map((section) => /For (.*)\./.exec(section)![1])).toEqual(['shop, crm', 'blog']);
    expect(sections.map((section) => /from \d+ to \d+/.exec(oneLine(section))![0])).toEqual([
      'from 2048 to 3072',
      'from 8192 to 9216',
    ]);
  });

  test('runs of tasks and of instances, under the title that they share', () => {
    const text = textOf(run('login-refused', 'shop'), onInstance(FAILED_RUNS['login-refused'], of('blog')));
    expect(text).toMatch(/^2 sources: .* refused the login of backup\./);
    const [, ofTask, inInstance] = text.split(/^WHAT TO DO: the server refused the login$/m);
    expect(ofTask).toContain('For shop.');
    expect(inInstance).toContain('For blog.');
  });

  test('strange sizes share their steps, with a placeholder for the backup of each', () => {
    const strange = ['shop', 'blog'].map((source, index) =>
      problem('strange-size', 'table-lost', { ...of(source), lastUsual: backup(24 + index), tables: [source] }),
    );
    const sections = sectionsOf(...strange);
    expect(sections).toHaveLength(1);
    expect(sections[0]).toContain('--backup "$ID" --databases "$DATABASE" --as restored');
  });

  test('of very many, the first have steps and the others what to do, so that the email is not cut', () => {
    const texts = many(300).map((source) =>
      problem('housekeeping', 'restore', { about: `restore of ${source}`, restore: { source, state: 'partial' } }),
    );
    const email = emailOf(...texts);
    expect(email.notification.problems).toHaveLength(300);
    expect(email.text.match(/^npx proven-backups restore /gm)).toHaveLength(20);
    expect(email.text).toContain('For restore of shop-300.\nWhat to do: ');
  });
});

describe('runs on instances', () => {
  test('a restore that nobody saw the end of may still run, which its email says first', () => {
    const command = (change: Partial<CommandFacts>) => ({
      ...{ about: 'restore of shop', restore: { source: 'shop' }, logStream: undefined },
      command: { ...COMMAND, exitCode: undefined, ...change },
    });
    const nextOf = (change: Partial<CommandFacts>) =>
      emailOf(problem('housekeeping', 'restore', command(change))).notification.problems![0]!.next.join('\n');
    const LOOK = 'docker ps --filter name=proven-backups-shop-';
    expect(nextOf({ exitCode: 107 })).toContain(LOOK);
    expect(nextOf({ status: 'Cancelled' })).toContain(LOOK);
    const missing = nextOf({ exitCode: 101 });
    expect(missing).not.toContain(LOOK);
    expect(missing).toContain('aws ssm get-command-invocation');
  });

  test('are not told of tasks, security groups of their own, or RDS', () => {
    for (const one of EVERY_REASON) {
      const [, steps] = textOf(onInstance(one)).split('WHAT TO DO');
      expect([one.reason.kind, steps]).toEqual([
        one.reason.kind,
        expect.not.stringMatching(
          /aws ecs |aws rds |aws route53 |aws ec2 (?!describe-vpc-endpoints)|\$FAMILY|valueFrom|Aurora Serverless|ephemeralStorageGiB/,
        ),
      ]);
    }
  });

  test.each([
    ['host-unknown', '"{{.Names}} | {{.Status}} | {{.Networks}} | {{.Ports}}"'],
    ['host-unknown', 'aws ssm start-session --region eu-west-1 --target i-0a1b2c3d4e5f60718'],
    ['no-answer', '--network in the script'],
    ['login-refused', '$SECRET: secret_id in the script'],
    ['key-denied', 'task_role in the script'],
    ['scratch-full', 'What to do: Free disk of the instance, or enlarge it.'],
    ['key-denied', 'aws ssm get-document --region eu-west-1 --name ShopBackups-Backups-shop'],
  ] as const)('get the next command for where they are: %s', (name, command) => {
    expect(oneLine(textOf(onInstance(FAILED_RUNS[name])))).toContain(command);
  });
});

test('a secret whose key was not given: the step says where the key is given', () => {
  const text = oneLine(textOf(problem('never-started', 'secret')));
  expect(text).toMatch(
    /KmsKeyId, the execution role needs that key\. .* encryptionKey of Secret\.fromSecretAttributes; in backups\.yaml, beside secretId/,
  );
});

test('endpoints are looked for by Region and service: in China their names begin differently', () => {
  const china = { ...PLACE, partition: 'aws-cn', region: 'cn-north-1' };
  const { text } = composeProblems([problem('never-started', 'logging')], china);
  expect(text).toContain("--filters 'Name=service-name,Values=*.cn-north-1.logs'");
});

/** Lines that somebody may paste into a database. */
const statements = (text: string): string[] =>
  text
    .split(/LAST LOG LINES|^LINKS/m)[0]!
    .split('\n')
    .filter((line) => /^(GRANT|ALTER|DO)/.test(line));

test('statements that do not fit are counted, and are in the log', () => {
  const text = textOf(run('privileges-many'));
  expect(statements(text)).toHaveLength(30);
  expect(oneLine(text)).toContain('And 90 more: in the log of the run, line "failed":');
});

test('without statements none is promised', () => {
  const text = textOf(run('privileges-by-the-tool'));
  expect(text).not.toContain('Run as an administrator');
  expect(text).toContain('aws logs filter-log-events');
});

test('of many sources the statements of all are given', () => {
  const text = textOf(problem('failed', 'privileges'), {
    ...run('privileges-postgresql', 'blog'),
    engine: 'mysql',
  });
  expect(text).toContain("-- shop\nGRANT TRIGGER ON `shop`.* TO 'backup'@'%';");
  expect(text).toContain('-- blog, in database orders\nGRANT pg_read_all_data TO backup;');
});

describe('subjects', () => {
  test.each([
    [problem('failed', 'privileges'), 'FAILED shop: user backup@% lacks TRIGGER, SHOW_ROUTINE'],
    [run('login-refused'), 'FAILED shop: shop-db.internal:3306 refused the login of backup'],
    [run('no-answer'), 'FAILED shop: shop-db.internal:3306 did not answer'],
    [problem('never-started', 'image'), 'NOT STARTED shop: the image could not be pulled'],
    [problem('silent', 'too-old'), 'SILENT shop: the newest backup is 2 days 1 hour old'],
    [problem('not-proven', 'proof-too-old'), 'NOT PROVEN shop: the newest proven backup is 41 days old'],
    [problem('strange-size', 'shrunk'), 'STRANGE SIZE shop: 393.1 MiB instead of 1.6 GiB (-76 %)'],
    [prunedProblem('prune-several'), 'PRUNE PROBLEM: problems with 2 sources'],
    [prunedProblem('prune-damaged'), 'PRUNE PROBLEM: blog: 1 damaged backup'],
    [problem('housekeeping', 'restore'), 'RESTORE FAILED shop: the program failed'],
  ])('say what matters, as a whole: %#', (told, expected) => {
    expect(subjectOf(told).replace(/ \(20[^)]*\)$/, '')).toBe(expected);
  });

  test('are never cut before what matters', () => {
    for (const [name, { notification }] of allEmails()) {
      const { subject, problems, test: isTest } = notification;
      if (
        !problems ||
        isTest ||
        /300|raw|other|prune-failed|snapshot|dead-letters|died|several of the housekeeping/.test(name)
      )
        continue;
      expect([name, subject]).toEqual([name, expect.not.stringMatching(/\.\.\. \(/)]);
    }
  });

  test.each([
    [[row('blog'), row('shop', { open: ['silent'] })], 'BACKUPS 1 of 2 OK: shop is silent (2026-11-20 Paris)'],
    [
      [row('billing', { open: ['failed'] }), row('shop', { open: ['silent'] })],
      'BACKUPS 0 of 2 OK: problems with billing, shop (2026-11-20 Paris)',
    ],
    [[row('shop')], 'BACKUPS OK 1 of 1 (2026-11-20 Paris)'],
  ])('of digests: %#', (rows, expected) => {
    expect(composeDigest(rows, PLACE, { often: 'daily' }).notification.subject).toBe(expected);
  });

  test('of digests name as many sources as fit', () => {
    const rows = Array.from({ length: 20 }, (_, index) => row(`warehouse-${index}`, { open: ['failed'] }));
    expect(composeDigest(rows, PLACE, { often: 'daily' }).notification.subject).toBe(
      'BACKUPS 0 of 20 OK: problems with warehouse-0, warehouse-1 and 18 more (2026-11-20 Paris)',
    );
  });
});

test('a strange backup comes after the newest usual one, which is the one to restore', () => {
  const lastUsual = backup(48);
  const text = textOf(problem('strange-size', 'empty', { lastUsual }));
  expect(text).toMatch(/NEWEST BACKUP OF A USUAL SIZE\n.*2 days ago[^]*THE STRANGE ONE/);
  const of = 'npx proven-backups restore --bucket acme-backups --source shop --region eu-west-1';
  expect(text).toContain(`${of} --backup ${lastUsual.id} --databases "$DATABASE" --as restored`);
});

test.each([
  ['files', 'restored'],
  ['sqlite', 'restored.db'],
])('what has no databases comes back whole: %s', (engine, as) => {
  const lastUsual = backup(48, { engine });
  const text = textOf(problem('strange-size', 'empty', { engine, lastUsual }));
  expect(text).toContain(`--region eu-west-1 --backup ${lastUsual.id} --as ${as}\n`);
});

test('a backup whose restore test failed is never called good', () => {
  const newest = backup(24, { tested: 'failed' });
  const lastSound = backup(72, { tested: 'passed' });
  const of = (change: Partial<Problem>) => textOf(problem('failed', 'connection', { newest, ...change }));
  const text = of({ lastSound });
  expect(text).toContain('No backup was made. The newest good one is from 2026-11-17 ');
  expect(text).toMatch(
    /NEWEST GOOD BACKUP\n.*3 days ago[^]*It is\s+proven\.\n\nNEWEST BACKUP\n.*1 day ago[^]*FAILED\.\n/,
  );
  const none = of({});
  expect(none).toContain('No backup was made, and no earlier one is known to be good.');
  expect(none).toMatch(/NEWEST GOOD BACKUP\nNone is known: /);
  const proven = of({ newest: lastSound });
  expect(proven).toMatch(/NEWEST GOOD BACKUP\n.*3 days ago[^]*It is\s+proven\./);
  expect(proven).not.toContain('NEWEST BACKUP\n');
});

test('problems that are still open are named, and nobody is told that all is well', () => {
  const half = composeRecoveries([{ ...RECOVERY, open: ['strange-size'] }], PLACE);
  expect(half.notification.subject).toMatch(/^RECOVERED shop: backups work again, but the size is strange \(/);
  expect(half.text).toContain('Still open: the size is strange.');
  const several = composeRecoveries([RECOVERY, { ...RECOVERY, about: 'blog', open: ['strange-size'] }], PLACE);
  for (const { notification, text } of [half, several]) {
    expect(`${notification.subject}\n${text}`).not.toMatch(/nothing to do|everything works/i);
  }
});

test('a digest is not OK while the housekeeping has a problem', () => {
  const housekeeping = [{ about: 'pruning', sentence: 'shop: it failed' }];
  const { notification, text } = composeDigest([row('shop'), row('blog')], PLACE, { often: 'daily', housekeeping });
  expect(notification.subject).toBe('BACKUPS 2 of 2 OK: problem with pruning (2026-11-20 Paris)');
  expect(text).toContain('PROBLEMS\nPruning: shop: it failed.\n');
});

test('a digest has the times of restores where they were measured, and its lines have room for them', () => {
  const measured = (source: string, recoverySeconds: number) =>
    row(source, { proven: { ...row(source).proven!, recoverySeconds } });
  const text = (...rows: Parameters<typeof composeDigest>[0]) =>
    composeDigest(rows, PLACE, { often: 'daily' }).text.split('\n');
  const narrow = text(row('blog'), measured('shop', 192), measured('warehouse', 7_920));
  const head = narrow.findIndex((line) => line.startsWith('  source '));
  expect(narrow.slice(head, head + 4).map((line) => line.split(/  +/).at(-1))).toEqual([
    'restore',
    '-',
    '3 min',
    '2 h',
  ]);
  expect(narrow.join(' ')).toContain('Restore: how long one takes');
  const wide = text(row('blog'), measured('warehouse-of-the-south', 192));
  expect(wide.join(' ')).not.toMatch(/restore$|Restore: /m);
  for (const line of [...narrow, ...wide].slice(0, -8)) expect(line.length).toBeLessThanOrEqual(72);
});

test('a damaged backup is not called safe, and is brought back by its source and id', () => {
  const text = textOf(prunedProblem('prune-damaged'));
  expect(text).not.toContain('none is lost');
  expect(text).toContain(
    'npx proven-backups undelete --bucket acme-backups --source blog --region eu-west-1 2026-11-18T01-00-00Z',
  );
  expect(text).not.toContain('delete them yourself');
});

test('emails give one command for a backup, and say where commands of ours are run', () => {
  const texts = allEmails().map(([, { text }]) => text);
  expect(texts.filter((text) => /^npx proven-backups run /m.test(text)).length).toBeGreaterThan(40);
  for (const text of texts) {
    expect(text).not.toMatch(/\$SCHEDULE_GROUP|"\$NAME"|ecs run-task|get-schedule/);
    expect([text, /^Run commands that begin with npx /m.test(text)]).toEqual([text, /^npx /m.test(text)]);
  }
});

test('sizes and durations are those of one formatter', () => {
  for (const [name, { text }] of allEmails()) {
    const own = text.replace(/^\|.*$/gm, '');
    expect([name, own]).toEqual([name, expect.not.stringMatching(/\d (?:kB|MB|GB|TB|bytes)\b|\d\.\d hours/)]);
  }
});

test('a restore that failed is told by its log: the reason, and what it left behind', async () => {
  const line = (level: string, event: string, more: object) =>
    JSON.stringify({ level, event, message: event, ...more });
  const lines = [
    line('info', 'plan', { plan: {} }),
    line('warn', 'target-state', { state: 'unchanged' }),
    line('error', 'failed', { message: 'the server has no extension postgis: install it', exit: 'targetRefused' }),
  ];
  const lookups = { readLog: () => Promise.resolve(lines), readHealth: () => Promise.resolve([]) };
  const of = problem('housekeeping', 'restore', { restore: { source: 'shop', backupId: '2026-11-19T01-00-00Z' } });
  const told = await enrich([{ key: 'restore', problem: of }], { ...lookups, patienceMs: 100, digestPatienceMs: 100 });
  expect(told[0]!.problem!.restore).toMatchObject({ state: 'unchanged' });
  const text = textOf(told[0]!.problem!);
  expect(oneLine(text)).toMatch(
    /^Restore of shop: the server has no extension postgis: install it\. The target is as it was/,
  );
  expect(text).toMatch(
    /Once the cause is repaired, run it again:\nnpx proven-backups restore .* --backup 2026-11-19T01-00-00Z\n/,
  );
});
