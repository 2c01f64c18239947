/** That the next steps fit what happened, and not only the exit code. */
import * as fc from 'fast-check';
import type { Problem } from '../../../catalog/contract/notification';
import { MYSQL_CAUSES } from '../../../engines/mysql/connection';
import { POSTGRESQL_CAUSES } from '../../../engines/postgresql/connection';
import { NETWORK_CAUSES } from '../../../engines/shared/connection-error';
import { composeDigest, composeProblems, composeRecoveries } from '../../../lambda/notify/compose/compose';
import { CONNECTIONS, HOUSEKEEPING, MANY_GRANTS, POSTGRESQL_GRANTS } from './compose-sentences';
import { backup, emailTexts, PLACE, problem, RECOVERY, row } from './compose-support';

const textOf = (...problems: readonly Problem[]): string => composeProblems(problems, PLACE).text;
const connection = (sentence: string, source = 'shop'): Problem =>
  problem('failed', 'connection', { source, about: source, sentence });
const causeOf = (one: Problem): string => composeProblems([one], PLACE).notification.problems![0]!.likelyCause;

/** What the program says in parentheses. */
const WORDS = [NETWORK_CAUSES, MYSQL_CAUSES, POSTGRESQL_CAUSES].flatMap((causes) =>
  Object.values(causes).map(({ advice }) => advice),
);

test('whatever the program says of a connection has advice of its own', () => {
  expect(WORDS.length).toBeGreaterThan(15);
  const unknown = causeOf(
    connection('could not connect to db:3306: odd (check host, port, security groups and the secret)'),
  );
  for (const words of WORDS) {
    expect([words, causeOf(connection(`could not connect to db:3306: it failed (${words})`))]).not.toEqual([
      words,
      unknown,
    ]);
  }
});

test.each([
  ['database', "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `shop\\_eu`.* TO 'backup'@'%';"],
  ['host', "CREATE USER 'backup'@'%' IDENTIFIED BY '$PASSWORD' REQUIRE SSL;"],
  ['pg-hba', 'hostssl all backup $RANGE scram-sha-256'],
  ['no-answer', '--protocol tcp --port 3306 --source-group "$GROUP"'],
  ['no-answer-postgresql', '--protocol tcp --port 5432 --source-group "$GROUP"'],
  ['unknown-name', 'dig +short shop-db.internal'],
])('the email about a connection has the next statement: %s', (name, statement) => {
  const [sentence, newest] = CONNECTIONS[name]!;
  const text = textOf({ ...connection(sentence), ...(newest && { newest }) });
  expect(text).toContain(statement);
  expect(text).not.toContain('describe-secret');
});

test.each(['configuration', 'connection', 'uploadFailed', 'privileges'] as const)(
  'where the words of a run are not known, the first step is to read them: %s',
  (cause) => {
    const sentence = 'it failed: ECS tells the exit code only';
    const { next } = composeProblems([problem('failed', cause, { sentence, logLines: undefined })], PLACE).notification
      .problems![0]!;
    expect(next[1]).toMatch(/^aws logs filter-log-events .* --log-stream-names shop\/backup\//);
  },
);

test('of many sources each kind gets its own steps, with the names of the sources', () => {
  const text = textOf(
    connection(CONNECTIONS['no-answer']![0], 'shop'),
    connection(CONNECTIONS['expired']![0], 'blog'),
    connection(CONNECTIONS['no-answer']![0], 'crm'),
  );
  const [, first, second] = text.split(/^WHAT TO DO: /m);
  expect(first).toMatch(/^the server does not answer\n\nFor shop, crm\.\n[^]*authorize-security-group-ingress/);
  expect(second).toMatch(/^the server's certificate has expired\n\nFor blog\.\n[^]*openssl/);
});

/** Lines that somebody may paste into a database. */
const statements = (text: string): string[] =>
  text
    .slice(0, text.indexOf('LAST LOG LINES'))
    .split('\n')
    .filter((line) => /^(GRANT|ALTER|DO)/.test(line));

test('wherever a log line is cut, only whole statements are given', () => {
  const whole = `${MANY_GRANTS.replace(/;[^;]*$/, ';')} ${POSTGRESQL_GRANTS.split('administrator: ')[1]!}`;
  const given = whole.split('administrator: ')[1]!;
  fc.assert(
    fc.property(fc.nat(whole.length), (length) => {
      const text = textOf(problem('failed', 'privileges', { sentence: whole.slice(0, length) }));
      for (const line of statements(text)) {
        expect(line).toMatch(/;$/);
        expect(given.split(' GRANT').join('\nGRANT').split(' DO').join('\nDO').split('\n')).toContain(line);
      }
    }),
    { numRuns: 60 },
  );
  expect(statements(textOf(problem('failed', 'privileges', { sentence: POSTGRESQL_GRANTS })))).toHaveLength(2);
});

test('where statements are left out, it is said how many, and where they are', () => {
  const text = textOf(problem('failed', 'privileges', { sentence: MANY_GRANTS }));
  const all = MANY_GRANTS.match(/GRANT [^;]*;/g)!.length;
  expect(text).toContain(`And at least ${all - statements(text).length} more: see the log of the run`);
});

test('where a sentence gives no statement, none is promised', () => {
  const text = textOf(problem('failed', 'privileges', { sentence: 'mysqldump exited with 2: access denied' }));
  expect(text).not.toMatch(/statements that|Run as an administrator/);
  expect(text).toContain('aws logs filter-log-events');
});

test('the subject names the privilege', () => {
  expect(composeProblems([problem('failed', 'privileges')], PLACE).notification.subject).toBe(
    'FAILED shop: user backup@% lacks TRIGGER, the definitions of routines (2026-11-20 02:00 Paris)',
  );
});

test('of many sources the statements of all are given', () => {
  const text = textOf(
    problem('failed', 'privileges'),
    problem('failed', 'privileges', { source: 'blog', about: 'blog', sentence: POSTGRESQL_GRANTS }),
  );
  expect(text).toContain("-- shop\nGRANT TRIGGER ON `shop`.* TO 'backup'@'%';");
  expect(text).toContain('-- blog, in database orders\nGRANT pg_read_all_data TO backup;');
});

test('a strange backup comes after the newest usual one, which is the one to restore', () => {
  const lastUsual = backup(48);
  const text = textOf(problem('strange-size', 'empty', { lastUsual }));
  expect(text).toMatch(/NEWEST BACKUP OF A USUAL SIZE\n.*is 48 hours[^]*THE STRANGE ONE/);
  expect(text).toContain(`aws s3 cp s3://acme-backups/shop/${lastUsual.id}/ `);
});

test('what is still open is named, and nobody is told that all is well', () => {
  const half = composeRecoveries([{ ...RECOVERY, open: ['strange-size'] }], PLACE);
  expect(half.notification.subject).toMatch(/^RECOVERED shop: backups work again, but the size is strange \(/);
  expect(half.text).toContain('Still open: the size is strange.');
  const several = composeRecoveries([RECOVERY, { ...RECOVERY, about: 'blog', open: ['strange-size'] }], PLACE);
  for (const { notification, text } of [half, several]) {
    expect(`${notification.subject}\n${text}`).not.toMatch(/nothing to do|all is well/i);
  }
});

test('a digest is not OK while the housekeeping is in trouble', () => {
  const housekeeping = [{ about: 'pruning', sentence: '1 problem in acme-backups: shop: it failed' }];
  const { notification, text } = composeDigest([row('shop'), row('blog')], PLACE, { often: 'daily', housekeeping });
  expect(notification.subject).toBe('BACKUPS: 2 of 2 well, but trouble with pruning (2026-11-20 Paris)');
  expect(text).toContain('PROBLEMS\nPruning: 1 problem in acme-backups: shop: it failed.\n');
});

test('what is damaged is not called safe, and is brought back by its source and id', () => {
  const text = textOf(problem('housekeeping', 'prune', { sentence: HOUSEKEEPING['prune-damaged']![1] }));
  expect(text).not.toContain('nothing is lost');
  expect(text).toContain(
    'npx proven-backups undelete --bucket acme-backups --source shop --region eu-west-1 2026-11-18T01-00-00Z',
  );
  expect(text).not.toContain('delete it yourself');
});

test('emails give one command for a backup, and say where our commands are to be had', () => {
  const texts = emailTexts();
  expect(texts.filter((text) => /^npx proven-backups run /m.test(text)).length).toBeGreaterThan(40);
  for (const text of texts) {
    expect(text).not.toMatch(/\$SCHEDULE_GROUP|"\$NAME"|ecs run-task|get-schedule/);
    expect([text, /^Commands that begin with npx: /m.test(text)]).toEqual([text, /^npx /m.test(text)]);
  }
});
