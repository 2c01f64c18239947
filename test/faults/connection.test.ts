import * as fs from 'node:fs';
import { PostgresqlSessions } from '../../engines/postgresql/connection';
import { writeTrust } from '../../task/io/tls';
import { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { startServer } from '../servers/start';
import { casesOn, describeOn, engineOf, inMatrix, newestOf, numberOf } from '../servers/versions';
import type { RunReason } from '../../task/run/errors';
import type { DumpJob, ExitCodeName, ServerJob } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import { adviceOfEngine } from '../../engines/advice';
import { ENGINE_FACTS } from '../../engines/facts';
import { Authority } from '../servers/tls';
import { serverJob } from '../support/job';
import { freePort, temporaryDirectory } from '../support/processes';
import type { ProgramOptions } from '../support/program';
import { Program } from '../support/program';
import { TcpProxy } from '../support/tcp-proxy';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'right-one';

describeOn(casesOn('mysql', 'mariadb', 'postgresql'), 'a backup of %s', (version) => {
  const { title } = ENGINE_FACTS[engineOf(version)];
  /** Another version of the engine than the server's. */
  const other = { mysql: '8.4', mariadb: '11.4', postgresql: '16' }[engineOf(version)];
  let fixture: Fixture;
  let server: Server;
  let expired: Server;
  let addressed: Server;

  async function prepare(options: Parameters<typeof startServer>[1]): Promise<Server> {
    const made = await startServer(version, options);
    await (made instanceof PostgresqlServer
      ? made.exec(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
      : made.exec(
          `CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO backup@'%'; CREATE DATABASE shop; CREATE TABLE shop.t (a INT);`,
        ));
    return made;
  }

  beforeAll(async () => {
    fixture = await Fixture.start();
    server = await prepare({});
    expired = await prepare({ expiredCertificate: true });
    addressed = await prepare({ certificateFor: '127.0.0.1' });
  });
  afterAll(async () => {
    await Promise.allSettled([server?.stop(), expired?.stop(), addressed?.stop()]);
    await fixture?.stop();
  });

  const options = (source: string, overrides: Partial<ServerJob> = {}, of = server): ProgramOptions => ({
    job: serverJob(of, fixture.place(source), overrides),
    ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
  });

  async function expectFailure(
    given: ProgramOptions,
    exit: ExitCodeName,
    sentence: RegExp,
    reason: RunReason,
  ): Promise<void> {
    await fixture.expectFailure(await Program.run(given), given.job.source, exit, sentence, reason);
  }

  test('succeeds when nothing is wrong, so that each failure has the one cause that is tested', async () => {
    await fixture.expectNextRunSucceeds(options('fine'));
  });

  test('with a wrong password', async () => {
    const given = { ...options('password'), password: 'wrong-one' };
    await expectFailure(
      given,
      'connection',
      /^could not connect to localhost:\d+: .*(Access denied|password authentication failed).* \(the server refused user or password: check the secret.*\)$/,
      { kind: 'login-refused', host: 'localhost', port: server.port, account: 'backup' },
    );
    expect((await Program.run(given)).output).not.toContain('wrong-one');
    await fixture.expectNextRunSucceeds(options('password'));
  });

  test('on an unknown host', async () => {
    const sentence =
      /^could not connect to database\.invalid:\d+: getaddrinfo (ENOTFOUND|EAI_AGAIN) database\.invalid \((no such host name: check host, and that the VPC resolves it|the name server did not answer: .*)\)$/;
    await expectFailure(options('host', { host: 'database.invalid' }), 'connection', sentence, {
      kind: expect.stringMatching(/^(host-unknown|name-server-silent)$/) as RunReason['kind'],
    });
  });

  test('where nothing listens', async () => {
    const port = await freePort();
    const sentence = new RegExp(
      `^could not connect to localhost:${port}: .*ECONNREFUSED.* \\(nothing listens there: check host and port, and that the server runs\\)$`,
    );
    await expectFailure(options('refused', { port }), 'connection', sentence, { kind: 'nothing-listens', port });
  });

  test('Mx98 Px80 that breaks between two questions, and once more in the second try', async () => {
    const proxy = await TcpProxy.start(server.port);
    const given = options('cut', { port: proxy.port });
    const lost: string[] = [];
    try {
      // The first connection, which is tried for longer, takes some 5 KB of MySQL and MariaDB, and 2 KB of PostgreSQL.
      const first = engineOf(version) === 'postgresql' ? 3000 : 6000;
      for (const [tries, more] of [0, 1500, 300, 700, 1100].entries()) {
        // Both may have met a tool, or no question: then others do.
        if (tries > 1 && lost.length > 0) break;
        const run = Program.run(given);
        const isOver = run.then(() => true);
        while (!(await Promise.race([isOver, proxy.stallAfter(first + more).then(() => false)]))) proxy.cut();
        const { exit, reason, failure } = await run;
        // A tool of PostgreSQL may be the one that is cut off.
        expect(exit).toBe(reason?.kind === 'tool-failed' ? 'dumpFailed' : 'connection');
        if (failure.startsWith('the connection')) lost.push(failure);
      }
    } finally {
      await proxy.stop();
    }
    expect(lost.length).toBeGreaterThan(0);
    expect(lost[0]).toMatch(
      /^the connection to localhost:\d+ broke: .+ \(see whether the server runs, and what it says in its log\)$/,
    );
  });

  if (engineOf(version) === 'mysql')
    test('without TLS, of a server that forgets each login at once, succeeds', async () => {
      const running = Program.run(options('forgetful', { tls: { mode: 'off', reason: 'a test' } }));
      let ended = false;
      void running.finally(() => (ended = true));
      while (!ended) await server.exec('FLUSH PRIVILEGES;'.repeat(500));
      expect(await running).toMatchObject({ exit: 'success' });
    });

  if (engineOf(version) !== 'postgresql')
    test('without TLS, of an account that must use it, fails until the statement of the email lets it in', async () => {
      const account = 'by_tls';
      await server.exec(
        `CREATE USER ${account}@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL; GRANT ALL ON *.* TO ${account}@'%'`,
      );
      const given = { ...options('by-tls', { tls: { mode: 'off', reason: 'a test' } }), username: account };
      const sentence =
        /^could not connect to localhost:\d+: .*Access denied.* \(.*, and whether it must use TLS \(REQUIRE SSL\)\)$/;
      await expectFailure(given, 'connection', sentence, { kind: 'login-refused', account });
      const [list, allow] = adviceOfEngine(engineOf(version))!.common['login-refused']!({ account });
      expect(await server.exec(list!.run!)).toMatch(/^by_tls\t%\tANY$/m);
      await server.exec(allow!.run!.replace('$HOST', '%'));
      await fixture.expectNextRunSucceeds(given);
    });

  test('whose certificate has expired', async () => {
    const sentence =
      /^could not connect to localhost:\d+: certificate has expired \(the server's certificate has expired: renew it\)$/;
    await expectFailure(options('expired', {}, expired), 'connection', sentence, { kind: 'certificate-expired' });
  });

  test('whose certificate is from an authority that is not trusted', async () => {
    const { pem } = await Authority.create(fixture.directory);
    const sentence =
      /^could not connect to localhost:\d+: .* \(the certificate is not signed by a trusted authority: give its authority with DatabaseTls\.certificateAuthority\(pem\)\)$/;
    for (const [source, tls] of [
      ['untrusted', { mode: 'certificate-authority', pem }],
      ['not-public', { mode: 'public' }],
    ] as const)
      await expectFailure(options(source, { tls }), 'connection', sentence, { kind: 'certificate-untrusted' });
    const ofRds =
      /^could not connect to localhost:\d+: .* \(no authority of RDS in this image signed the certificate: give the bundle of its Region with DatabaseTls\.certificateAuthority\(pem\)\)$/;
    const given = options('not-amazon', { tls: { mode: 'amazon-rds' } });
    await expectFailure(given, 'connection', ofRds, { kind: 'certificate-untrusted' });
  });

  test('whose certificate is for another name', async () => {
    const sentence =
      /^could not connect to 127\.0\.0\.1:\d+: .* \(the server's certificate is for another name: use the name that it was issued for as host\)$/;
    const isPostgresql = server instanceof PostgresqlServer;
    if (!isPostgresql) await server.exec("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON");
    await expectFailure(options('name', { host: '127.0.0.1' }), 'connection', sentence, { kind: 'certificate-name' });
    if (isPostgresql) return;
    await server.exec('SET GLOBAL general_log = OFF');
    const logins = await server.exec("SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE '%backup@%'");
    expect(logins).toBe('0\n');
  });

  test('succeeds by an address that is in the certificate', async () => {
    await fixture.expectNextRunSucceeds(options('address', { host: '127.0.0.1' }, addressed));
  });

  if (engineOf(version) === 'postgresql')
    test('keeps to the first address of a name that has several', async () => {
      const dns = jest.requireActual<typeof import('node:dns')>('node:dns');
      const addresses = ['127.0.0.1', '127.0.0.2'];
      const lookup = jest.spyOn(dns, 'lookup').mockImplementation(((
        _: string,
        { all }: { all?: boolean },
        answer: (error: null, addresses: unknown, family?: number) => void,
      ) => {
        const address = addresses.shift()!;
        if (all) answer(null, [{ address, family: 4 }]);
        else answer(null, address, 4);
      }) as never);
      const { job, username = '', password = '' } = options('addresses');
      const scratch = temporaryDirectory('addresses');
      const context = { server: job.server!, credentials: { username, password }, scratch, note: () => undefined };
      const sessions = new PostgresqlSessions(context, writeTrust(job.server!.tls, scratch));
      try {
        await sessions.connect('postgres');
        await sessions.connect('postgres');
        expect(lookup).toHaveBeenCalledTimes(1);
        expect(sessions.environment()).toMatchObject({
          ...{ PGHOST: 'localhost', PGHOSTADDR: '127.0.0.1', PGSSLMODE: 'verify-full', PGGSSENCMODE: 'disable' },
        });
      } finally {
        lookup.mockRestore();
        await sessions.close();
        fs.rmSync(scratch, { recursive: true });
      }
    });

  test('that refuses the login of a role, or has no such account', async () => {
    const given = { ...options('no-account'), username: 'nobody-at-all' };
    const sentence =
      /^could not connect to localhost:\d+: .* \(the server refused user or password: check the secret.*\)$/;
    await expectFailure(given, 'connection', sentence, { kind: 'login-refused', account: 'nobody-at-all' });
  });

  test('of a database that does not exist', async () => {
    const sentence =
      /^database "no such" does not exist on localhost, or the user may not see it; it shows: .*(shop|postgres).*$/;
    await expectFailure(options('missing', { databases: ['no such'] }), 'configuration', sentence, {
      ...{ kind: 'database-unknown', database: 'no such' },
    });
    await fixture.expectNextRunSucceeds(options('missing'));
  });

  test('of no database at all', async () => {
    const sentence =
      /^there is no database to back up on localhost; it shows: (shop|postgres): name the databases, or grant the user access to them$/;
    await expectFailure(options('none', { excludeDatabases: ['shop', 'postgres'] }), 'configuration', sentence, {
      kind: 'no-database',
    });
  });

  test('of another version', async () => {
    const given = options('version');
    const job: DumpJob = { ...given.job, engineVersion: other };
    const sentence = new RegExp(
      `^the server is ${title} .*, but the backup is set up for version ${other}: set version: '${numberOf(version)}' and deploy$`,
    );
    await expectFailure({ ...given, job }, 'configuration', sentence, { kind: 'version-mismatch' });
  });

  // Read before anything of the engine: by one engine in a usual run.
  if (!inMatrix(casesOn('mysql', 'mariadb', 'postgresql'), newestOf('postgresql')).includes(version)) return;

  test.each([
    [
      'BACKUP_JOB',
      undefined,
      /^environment variable BACKUP_JOB is not set: run this program through a task definition of cdk-proven-backups$/,
    ],
    ['BACKUP_JOB', '{"source":', /^environment variable BACKUP_JOB is not JSON: .*$/],
    ['BACKUP_JOB', '{"source": "A b"}', /^environment variable BACKUP_JOB does not fit: .*$/],
    [
      'DATABASE_USERNAME',
      undefined,
      /^environment variable DATABASE_USERNAME is not set: the secret must hold the key that the task definition names for it$/,
    ],
    [
      'DATABASE_PASSWORD',
      undefined,
      /^environment variable DATABASE_PASSWORD is not set: the secret must hold the key that the task definition names for it$/,
    ],
    [
      'DATABASE_PASSWORD',
      '',
      /^environment variable DATABASE_PASSWORD is empty: the secret must hold the key that the task definition names for it$/,
    ],
    [
      'BACKUP_TRIGGER',
      'whim',
      /^environment variable BACKUP_TRIGGER must be one of schedule, on-demand, before-deployment, before-restore, got: "whim"$/,
    ],
    [
      'BACKUP_SCHEDULED_TIME',
      'noon',
      /^environment variable BACKUP_SCHEDULED_TIME must be an ISO 8601 time in UTC such as 2026-11-20T02:00:00Z, got: "noon"$/,
    ],
  ])('with %s = %j', async (variable, value, sentence) => {
    const kind = variable === ENV.job ? 'job-invalid' : 'variable-invalid';
    const given = { ...options('environment'), environment: { [variable]: value } };
    await expectFailure(given, 'configuration', sentence, { kind, object: variable });
  });
});
