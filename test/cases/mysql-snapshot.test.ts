import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { ServerJob } from '../../catalog/contract/task';
import { MARIADB_DIALECT } from '../../engines/mariadb/dialect';
import { MYSQL_DIALECT } from '../../engines/mysql/dialect';
import { countInSnapshot } from '../../engines/mysql/row-counts';
import { Sessions } from '../../engines/mysql/sessions';
import type { Tool } from '../../task/io/tool';
import { Fixture } from '../faults/fixture';
import type { MysqlFamilyServer } from '../servers/mysql-family';
import { startServer } from '../servers/start';
import type { Version } from '../servers/versions';
import { casesOn, describeOn, inMatrix, newestOf, versionsOf } from '../servers/versions';
import { serverJob } from '../support/job';
import type { ProgramOptions, ProgramResult } from '../support/program';
import { Program } from '../support/program';

jest.setTimeout(180_000);

/** What the kernel says of a process; empty if it has just ended. */
function statusOf(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

const PASSWORD = 'not-so-secret';
/** More than all buffers between a server and a dump tool hold. */
const BIG_ROWS = 2 ** 17;
const big = (
  table: string,
  rows = BIG_ROWS,
) => `CREATE TABLE ${table} (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(400));
  INSERT INTO ${table} (a) VALUES (REPEAT('x', 390));
  ${`INSERT INTO ${table} (a) SELECT a FROM ${table};`.repeat(Math.log2(rows))}`;

/** Seconds of what nobody keeps waiting, on a busy machine; what has to wait waits for a minute. */
const AT_ONCE = 20;

/** Where somebody keeps a lock for ever. These wait for a minute: on MariaDB in a run of all versions only. */
const PATIENT = inMatrix(casesOn('mysql', 'mariadb'), newestOf('mysql'));

describeOn(versionsOf('mysql', 'mariadb'), 'a dump of %s', (version: Version) => {
  const isMaria = version.startsWith('mariadb');
  const dumpTool = isMaria ? 'mariadb-dump' : 'mysqldump';
  let fixture: Fixture;
  let server: MysqlFamilyServer;
  let root: Connection;
  /** Runs that wait for locks, while the other tests go on: by an account and of databases of their own. */
  let patient: { readonly results: Promise<[ofTheCount: ProgramResult, ofTheTool: ProgramResult]> };

  beforeAll(async () => {
    fixture = await Fixture.start();
    server = (await startServer(version)) as MysqlFamilyServer;
    await account('backup', '*.*');
    root = await server.connect();
    if (PATIENT.includes(version)) patient = await beginToWait();
  });
  afterAll(async () => {
    await root?.end();
    await server?.stop();
    await fixture?.stop();
  });

  /** The documented user. */
  async function account(name: string, on: string): Promise<void> {
    const routines = isMaria ? `GRANT SELECT ON mysql.proc TO ${name}@'%'` : `GRANT SHOW_ROUTINE ON *.* TO ${name}@'%'`;
    await server.exec(`CREATE USER ${name}@'%' IDENTIFIED BY '${PASSWORD}'; ${routines};
      GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${on} TO ${name}@'%'`);
  }

  const options = (database: string, overrides: Partial<ServerJob> = {}, username = 'backup'): ProgramOptions => ({
    job: serverJob(server, fixture.place(`${database}-${username}`), { databases: [database], ...overrides }),
    ...{ aws: fixture.emulator.environment, username, password: PASSWORD, image: version },
  });
  const manifestOf = async ({ job }: ProgramOptions) => (await fixture.bucket.manifests(job.source))[0]!;

  /** The sessions of an account on the server, with what they do. */
  async function sessions(user = 'backup'): Promise<RowDataPacket[]> {
    const [rows] = await root.query<RowDataPacket[]>(
      'SELECT ID, STATE, INFO FROM information_schema.PROCESSLIST WHERE USER = ?',
      [user],
    );
    return rows;
  }
  async function expectNoSessions(user?: string): Promise<void> {
    for (let tries = 0; tries < 300 && (await sessions(user)).length > 0; tries++) await sleep(100);
    expect(await sessions(user)).toEqual([]);
  }

  /** Waits until all rows are counted that need not wait for the tool: a count would meet the locks and changes that follow. */
  async function counted(user?: string): Promise<void> {
    for (let quiet = 0; quiet < 10;) {
      await sleep(100);
      const counts = (await sessions(user)).some(({ INFO }) => /\bcount\(/i.test(String(INFO)));
      quiet = counts ? 0 : quiet + 1;
    }
  }

  /** The dump tool that a program runs. */
  function toolOf(program: Program): number {
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const status = statusOf(pid);
      if (status.startsWith(`Name:\t${dumpTool}\n`) && status.includes(`\nPPid:\t${program.pid}\n`)) return Number(pid);
    }
    throw new Error(`the program runs no ${dumpTool}`);
  }

  /** Runs until the tool reads its first table, and stops the tool there. */
  async function frozen(run: ProgramOptions): Promise<{ program: Program; release: () => void }> {
    const program = Program.start(run);
    await program.logged('read-lock');
    const tool = toolOf(program);
    process.kill(tool, 'SIGSTOP');
    return { program, release: () => process.kill(tool, 'SIGCONT') };
  }

  /** Begins two runs, of `kept` and `later`, one table of each is locked. They wait for a minute. */
  async function beginToWait(): Promise<typeof patient> {
    await account('patient', '*.*');
    await server.exec(`CREATE DATABASE kept; CREATE TABLE kept.a (i INT); CREATE TABLE kept.c (i INT);
      CREATE DATABASE later; USE later; ${big('a_big')} CREATE TABLE z (i INT)`);
    const { program, release } = await frozen(options('later', {}, 'patient'));
    await counted('patient');
    const owners = [await server.connect(), await server.connect()];
    await owners[0]!.query('LOCK TABLES later.z WRITE');
    await owners[1]!.query('LOCK TABLES kept.c WRITE');
    release();
    const results = Promise.all([Program.run(options('kept', {}, 'patient')), program.result()]);
    return { results: results.finally(() => Promise.all(owners.map((owner) => owner.end()))) };
  }

  /** A dump tool that does this, instead of a dump. */
  function toolThat(does: string): string {
    const directory = fs.mkdtempSync(path.join(fixture.directory, 'tool-'));
    fs.chmodSync(directory, 0o755);
    const script = `#!/bin/sh\ncase "$*" in *--version*|*--help*) exec /usr/bin/${dumpTool} "$@";; esac\n${does}\n`;
    fs.writeFileSync(path.join(directory, dumpTool), script, { mode: 0o755 });
    return directory;
  }

  /** Seconds that a statement takes in a session of its own, given up after 60. */
  async function seconds(sql: string): Promise<number> {
    const connection = await server.connect();
    await connection.query('SET SESSION lock_wait_timeout = 60');
    const from = performance.now();
    await connection.query(sql).catch(() => undefined);
    await connection.end();
    return (performance.now() - from) / 1000;
  }

  describe('Mx02', () => {
    let run: ProgramOptions;
    beforeAll(async () => {
      await server.exec(`CREATE DATABASE ddl; USE ddl; ${big('a_big')}
        CREATE TABLE z (a INT); INSERT INTO z VALUES (1), (2)`);
      run = options('ddl');
    });

    const changes: [what: string, ddl: string][] = [
      ['ALTER TABLE … ADD COLUMN', 'ALTER TABLE ddl.z ADD COLUMN extra INT'],
      ['TRUNCATE', 'TRUNCATE ddl.z'],
      ['a copy', 'ALTER TABLE ddl.z ADD INDEX one (a), ALGORITHM=COPY'],
      [
        'RENAME, as migration tools end',
        'CREATE TABLE ddl.z_new LIKE ddl.z; RENAME TABLE ddl.z TO ddl.z_old, ddl.z_new TO ddl.z; DROP TABLE ddl.z_old',
      ],
    ];
    // The oldest server shows by one that its dump tool keeps nobody either.
    test.each(casesOn('mysql', 'mariadb').includes(version) ? changes : changes.slice(0, 1))(
      'Mx02 lets %s of a table that waits for its turn pass at once, with its writer and reader, and succeeds',
      async (_, ddl) => {
        const { program, release } = await frozen(run);
        await counted();
        const from = performance.now();
        const changing = server.exec(ddl);
        await sleep(100);
        const [writer, reader] = await Promise.all([
          seconds('INSERT INTO ddl.z (a) VALUES (3)'),
          seconds('SELECT COUNT(*) FROM ddl.z'),
        ]);
        await changing;
        const whole = (performance.now() - from) / 1000;
        release();
        const result = await program.result();
        expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 'success', failure: '' });
        expect(Math.max(whole, writer, reader)).toBeLessThan(AT_ONCE);
        await expectNoSessions();
      },
    );
  });

  if (!casesOn('mysql', 'mariadb').includes(version)) return;

  describe('a lock that is waited for', () => {
    beforeAll(async () => {
      const tables = ['a', 'b', 'c', 'd'].map(
        (name) => `CREATE TABLE ${name} (i INT); INSERT INTO ${name} VALUES (1);`,
      );
      await server.exec(`CREATE DATABASE waits; USE waits; ${tables.join(' ')}`);
    });

    test('Mx03 lets no writer wait longer than three seconds, however many tables are in use', async () => {
      const over = new AbortController();
      // Given up for one table in time, and then waited for anew for the next: ten seconds.
      const users = await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (table, index) => {
          const user = await server.connect();
          await user.query('START TRANSACTION');
          await user.query(`INSERT INTO waits.${table} VALUES (2)`);
          return { user, commitsAfter: (index + 1) * 2500 };
        }),
      );
      const program = Program.start(options('waits'));
      while (!(await sessions()).some(({ STATE }) => /metadata lock/.test(String(STATE)))) await sleep(10);
      const freed = users.map(({ user, commitsAfter }) =>
        sleep(commitsAfter, undefined, over)
          .catch(() => undefined)
          .then(() => user.end()),
      );
      const writers: number[] = [];
      const write = async () => {
        while (!over.signal.aborted)
          writers.push(
            await seconds('INSERT INTO waits.d VALUES (3)'),
            await seconds('INSERT INTO waits.a VALUES (3)'),
          );
      };
      const writing = write();
      const result = await program.result();
      over.abort();
      await Promise.all([writing, ...freed]);
      expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 'success', failure: '' });
      expect(Math.max(...writers)).toBeLessThan(8);
      const [bracketed] = result.log.filter(({ event }) => event === 'row-counts-bracketed');
      const [, waited] = /no read lock within (\d+) ms: it waited for that of table waits\.[a-d]/.exec(
        bracketed!.message,
      )!;
      expect(Number(waited)).toBeLessThan(8000);
      expect(Number(waited)).toBeGreaterThan(2500);
      await expectNoSessions();
    });

    test('Mx04 says how long it waited for the read lock, not only how long it held it', async () => {
      const writer = await server.connect();
      await writer.query('START TRANSACTION');
      await writer.query('INSERT INTO waits.a VALUES (2)');
      const program = Program.start(options('waits'));
      while (!(await sessions()).some(({ STATE }) => /metadata lock/.test(String(STATE)))) await sleep(10);
      await sleep(1500);
      await writer.query('COMMIT');
      await writer.end();
      const result = await program.result();
      expect(result.exit).toBe('success');
      const line = result.log.find(({ event }) => event === 'read-lock')!;
      expect(Number(/ for (\d+) ms$/.exec(line.message)![1])).toBeGreaterThan(1400);
    });

    test('Mx11 ends with the tool: one that fails at once does not keep it', async () => {
      const toolsDirectory = toolThat('echo begun; echo "it broke" >&2; exit 7');
      let held = Infinity;
      // One that is kept is kept for three seconds, however often.
      for (let tries = 0; tries < 5 && held >= 2500; tries++) {
        const result = await Program.run({ ...options('waits'), toolsDirectory });
        expect(result).toMatchObject({ exit: 'dumpFailed', failure: `${dumpTool} exited with 7: it broke` });
        const line = result.log.find(({ event }) => event === 'read-lock')!;
        held = Number(/ for (\d+) ms$/.exec(line.message)![1]);
      }
      expect(held).toBeLessThan(2500);
    });

    test('Mx12 ends by itself when the host of the task is lost with it', async () => {
      const program = Program.start({ ...options('waits'), toolsDirectory: toolThat('exec sleep 60') });
      await program.logged('start');
      for (;;) {
        const probe = await server.connect();
        await probe.query('SET SESSION lock_wait_timeout = 1');
        const isLocked = await probe.query('INSERT INTO waits.a VALUES (9)').then(
          () => false,
          () => true,
        );
        await probe.end();
        if (isLocked) break;
      }
      program.signal('SIGSTOP');
      expect(await seconds('INSERT INTO waits.a VALUES (9)')).toBeLessThan(40);
      program.signal('SIGCONT');
      program.signal('SIGTERM');
      await program.result();
      await expectNoSessions();
    });
  });

  test('Mx13 a table that takes long to count is counted while the tool reads it: nobody waits for us alone', async () => {
    await server.exec(`CREATE DATABASE slow; USE slow; ${big('a')} ${big('b', 2)}`);
    const connection = await server.connect();
    const [[row]] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const tool: { exited: Promise<number | null>; table?: string } = { exited: new Promise(() => undefined) };
    const statements: string[] = [];
    const tables = ['a', 'b'].map((name) => ({ database: 'slow', name, engine: 'InnoDB', options: '' }));
    // A millisecond for the large one.
    const limitTime = (selected: string, limit: number) => {
      statements.push(selected);
      const least = selected.endsWith('`a`') ? 0.001 : limit;
      return (isMaria ? MARIADB_DIALECT : MYSQL_DIALECT).limitTime(selected, least);
    };
    const counting = countInSnapshot({ connection, id: row!.id as number }, tables, tool as Tool, limitTime);
    while (statements.length < 2) await sleep(20);
    await sleep(200);
    expect(await seconds('ALTER TABLE slow.b ADD COLUMN extra INT')).toBeLessThan(AT_ONCE);
    expect(await seconds('INSERT INTO slow.a (a) VALUES (1)')).toBeLessThan(AT_ONCE);
    tool.table = 'a';
    expect(await counting).toEqual([BIG_ROWS, 2]);
    await connection.end();
  });

  test('Mx16 counts no table that is far from where the tool is: the server would open it once more', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `t${String(index).padStart(3, '0')}`);
    const created = names.map((name) => `CREATE TABLE ${name} (a INT);`);
    await server.exec(`CREATE DATABASE far; USE far; ${created.join('')}`);
    const connection = await server.connect();
    const tool: { exited: Promise<number | null>; table?: string } = { exited: new Promise(() => undefined) };
    const tables = names.map((name) => ({ database: 'far', name, engine: 'InnoDB', options: '' }));
    let counted = 0;
    const limitTime = (selected: string) => {
      counted++;
      return `SELECT ${selected}`;
    };
    await connection.query('START TRANSACTION READ ONLY');
    const counting = countInSnapshot({ connection, id: 0 }, tables, tool as Tool, limitTime);
    while (counted <= 100) await sleep(20);
    await sleep(500);
    expect(counted).toBe(101);
    tool.table = 't050';
    while (counted <= 150) await sleep(20);
    await sleep(500);
    expect(counted).toBe(151);
    tool.table = 't199';
    expect(await counting).toEqual(names.map(() => 0));
    await connection.end();
  });

  test('Mx17 rows of a table without snapshots have bounds if somebody wrote to it, and a number if nobody did', async () => {
    await server.exec(`CREATE DATABASE written; USE written; CREATE TABLE busy (a INT) ENGINE=MyISAM; INSERT INTO busy VALUES (1);
      CREATE TABLE quiet (a INT) ENGINE=MyISAM; INSERT INTO quiet VALUES (1); CREATE TABLE kept (a INT)`);
    const toolsDirectory = toolThat(
      `/usr/bin/${dumpTool} "$@"; code=$?; touch $0.done; until [ -e $0.go ]; do sleep 0.05; done; exit $code`,
    );
    fs.chmodSync(toolsDirectory, 0o777);
    const given = options('written');
    const program = Program.start({ ...given, toolsDirectory });
    const file = path.join(toolsDirectory, dumpTool);
    while (!fs.existsSync(`${file}.done`)) await sleep(50);
    await server.exec('INSERT INTO written.busy VALUES (2)');
    fs.writeFileSync(`${file}.go`, '');
    expect(await program.result()).toMatchObject({ exit: 'success' });
    const { consistency, tables } = await manifestOf(given);
    expect(consistency.rowCounts).not.toBe('bracketed');
    expect(tables).toEqual([
      { database: 'written', name: 'kept', rows: 0 },
      { database: 'written', name: 'busy', rowsBefore: 1, rowsAfter: 2 },
      { database: 'written', name: 'quiet', rows: 1 },
    ]);
  });

  describe('whose tables hold no rows of their own', () => {
    test('M10 is complete: MERGE tables are told once, and not counted', async () => {
      await server.exec(`CREATE DATABASE merged; USE merged; CREATE TABLE m1 (a INT) ENGINE=MyISAM; INSERT INTO m1 VALUES (1);
        CREATE TABLE all_m (a INT) ENGINE=MERGE UNION=(m1)`);
      const run = options('merged');
      const result = await Program.run(run);
      expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 'success', failure: '' });
      const manifest = await manifestOf(run);
      expect(manifest.tables).toEqual([{ database: 'merged', name: 'm1', rows: 1 }]);
      expect(manifest.notes).toContainEqual({ kind: 'rows-elsewhere', objects: ['merged.all_m'] });
      const text = (await fixture.bucket.download(manifest.objects[0]!)).toString('utf8');
      expect(text).toMatch(/ENGINE=MRG_MyISAM.*UNION=\(`m1`\)/i);
    });

    test('M12 fails with the name of a broken MERGE table and the way out, which works', async () => {
      await server.exec(`CREATE DATABASE broken; USE broken; CREATE TABLE m1 (a INT) ENGINE=MyISAM;
        CREATE TABLE all_m (a INT) ENGINE=MERGE UNION=(m1); DROP TABLE m1; CREATE TABLE fine (a INT)`);
      expect(await Program.run(options('broken'))).toMatchObject({
        ...{ exit: 'dumpFailed', reason: { kind: 'table-unreadable', object: 'broken.all_m' } },
        failure: expect.stringMatching(
          /^could not read table broken\.all_m: .*\(1168\) \(.*--ignore-table=broken\.all_m\)$/,
        ),
      });
      const without = options('broken', { extraDumpArguments: ['--ignore-table=broken.all_m'] });
      expect(await Program.run(without)).toMatchObject({ exit: 'success', failure: '' });
    });
  });

  test('Mx88 a session of somebody else is not ended, though ours may end all, whatever number a proxy gave for ours', async () => {
    const other = await createConnection({ host: server.host, port: server.port, user: 'backup', password: PASSWORD });
    const [[found]] = await other.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
    const sessions = new Sessions(() => server.connect());
    sessions.adopt(Number(found!.id));
    await sessions.close();
    await other.query('SELECT 1');
    await other.end();
  });

  test('Mx07 a table without its tablespace is named, with the way out', async () => {
    await server.exec(`CREATE DATABASE discarded; USE discarded; CREATE TABLE fine (a INT); CREATE TABLE gone (a INT);
      ALTER TABLE gone DISCARD TABLESPACE`);
    expect(await Program.run(options('discarded'))).toMatchObject({
      ...{ exit: 'dumpFailed', reason: { kind: 'table-unreadable', object: 'discarded.gone' } },
      // The count or the tool, whichever comes first.
      failure: expect.stringMatching(/--ignore-table=discarded\.gone\)$/),
    });
    const without = options('discarded', { extraDumpArguments: ['--ignore-table=discarded.gone'] });
    expect(await Program.run(without)).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Mx08 a limit on the time of all statements ends neither the dump nor the count', async () => {
    await server.exec(`CREATE DATABASE limited; USE limited; ${big('a_big')}`);
    const variable = isMaria ? 'max_statement_time = 0.05' : 'max_execution_time = 50';
    await root.query(`SET GLOBAL ${variable}`);
    try {
      const run = options('limited');
      expect(await Program.run(run)).toMatchObject({ exit: 'success', failure: '' });
      expect((await manifestOf(run)).tables).toEqual([{ database: 'limited', name: 'a_big', rows: BIG_ROWS }]);
    } finally {
      await root.query(`SET GLOBAL ${variable.replace(/=.*/, '= 0')}`);
    }
  });

  describe('by an account of few connections', () => {
    beforeAll(() => server.exec('CREATE DATABASE few; CREATE TABLE few.t (i INT)'));

    test.each([1, 3])(
      'Mx09 is refused before its first byte with %i of them, with the statement to run',
      async (most) => {
        const name = `few${most}`;
        await account(name, 'few.*');
        await server.exec(`ALTER USER ${name}@'%' WITH MAX_USER_CONNECTIONS ${most}`);
        const result = await Program.run(options('few', {}, name));
        expect(result).toMatchObject({
          ...{ exit: 'connection', reason: { kind: 'limit-reached' } },
          failure: expect.stringContaining('ALTER USER … WITH MAX_USER_CONNECTIONS 5'),
        });
        expect(result.log.filter(({ event }) => event === 'start')).toEqual([]);
        await expectNoSessions(name);
      },
    );

    test('Mx09 needs four', async () => {
      await account('few4', 'few.*');
      await server.exec("ALTER USER few4@'%' WITH MAX_USER_CONNECTIONS 4");
      const run = options('few', {}, 'few4');
      expect(await Program.run(run)).toMatchObject({ exit: 'success', failure: '' });
      expect((await manifestOf(run)).consistency.rowCounts).toBe('read-lock');
    });

    test('Mx15 counts in two snapshots with four, and keeps no session idle while the tool is slow to begin', async () => {
      await server.exec(`CREATE DATABASE two; CREATE TABLE two.a (i INT); INSERT INTO two.a VALUES (1), (2);
        CREATE TABLE two.b (i INT) ENGINE=MyISAM; INSERT INTO two.b VALUES (1)`);
      await account('lockless', 'two.*');
      await server.exec(`REVOKE LOCK TABLES ON two.* FROM lockless@'%';
        ALTER USER lockless@'%' WITH MAX_USER_CONNECTIONS 4`);
      const run = options('two', {}, 'lockless');
      const toolsDirectory = toolThat(`until [ -e "$0.go" ]; do sleep 0.1; done; exec /usr/bin/${dumpTool} "$@"`);
      const program = Program.start({ ...run, toolsDirectory });
      await program.logged('row-counts-bracketed');
      await sleep(4000);
      for (let tries = 0; tries < 300 && (await sessions('lockless')).length > 1; tries++) await sleep(100);
      // The one that watches the tool. The server would end one that waits.
      expect(await sessions('lockless')).toHaveLength(1);
      await server.exec('INSERT INTO two.a VALUES (3); INSERT INTO two.b VALUES (2)');
      fs.writeFileSync(path.join(toolsDirectory, `${dumpTool}.go`), '');
      expect(await program.result()).toMatchObject({ exit: 'success', failure: '' });
      const { consistency, tables } = await manifestOf(run);
      expect(consistency).toMatchObject({ rowCounts: 'bracketed', nonTransactionalTables: ['two.b'] });
      expect(tables).toEqual([
        { database: 'two', name: 'a', rowsBefore: 2, rowsAfter: 3 },
        { database: 'two', name: 'b', rowsBefore: 1, rowsAfter: 2 },
      ]);
    });
  });

  const whenPatient = PATIENT.includes(version) ? describe : undefined;
  whenPatient?.('a lock that somebody keeps for ever', () => {
    let first: ProgramResult;
    let later: ProgramResult;
    beforeAll(async () => void ([first, later] = await patient.results));

    test('Mx05 fails the run after a minute instead of twelve hours, with the name of the table', async () => {
      expect(first).toMatchObject({
        ...{ exit: 'dumpFailed', reason: { kind: 'table-locked', object: 'kept.c' } },
        failure: expect.stringMatching(/\bkept\.c\b/),
      });
      await expectNoSessions('patient');
    });

    test('Mx06 fails the dump in the same way when the turn of its table comes', () => {
      expect(later).toMatchObject({
        ...{ exit: 'dumpFailed', reason: { kind: 'table-locked', object: 'later.z' } },
        failure: expect.stringMatching(/^the dump tool has waited for 60 s for a lock of table later\.z/),
      });
    });

    test('Mx10 leaves no session behind when the run is interrupted while it waits', async () => {
      const owner = await server.connect();
      await owner.query('LOCK TABLES later.z WRITE');
      const program = Program.start(options('later'));
      await program.logged('row-counts-bracketed');
      while (!(await sessions()).some(({ STATE }) => /metadata lock/.test(String(STATE)))) await sleep(20);
      program.signal('SIGTERM');
      expect(await program.result()).toMatchObject({ exit: 'interrupted' });
      await expectNoSessions();
      await owner.end();
    });

    test('Mx14 fails within seconds, not after the dump, when somebody ends a session that counts', async () => {
      const owner = await server.connect();
      await owner.query('LOCK TABLES kept.c WRITE');
      const program = Program.start(options('kept'));
      await program.logged('row-counts-bracketed');
      const counting = async () => (await sessions()).find(({ INFO }) => /COUNT.*`c`/.test(String(INFO)));
      let counter = await counting();
      while (!counter) {
        await sleep(20);
        counter = await counting();
      }
      const killed = performance.now();
      await root.query(`KILL ${counter.ID}`);
      const { exit, failure } = await program.result();
      expect({ exit, failure }).toEqual({
        exit: 'dumpFailed',
        failure: expect.stringMatching(/^could not (read table kept\.c|count the rows)/),
      });
      expect(performance.now() - killed).toBeLessThan(45_000);
      await owner.end();
      await expectNoSessions();
    });

    test('Mx10 leaves none of the dump tool behind either', async () => {
      const { program, release } = await frozen(options('later'));
      await counted();
      const owner = await server.connect();
      await owner.query('LOCK TABLES later.z WRITE');
      release();
      while (!(await sessions()).some(({ STATE }) => /metadata lock/.test(String(STATE)))) await sleep(20);
      program.signal('SIGTERM');
      expect(await program.result()).toMatchObject({ exit: 'interrupted' });
      await expectNoSessions();
      await owner.end();
    });
  });
});
