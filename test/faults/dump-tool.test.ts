import { incompressibleTable as mysqlFamilyTable } from '../schemas/mysql-family';
import { incompressibleTable as postgresqlTable } from '../schemas/postgresql';
import { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { startServer } from '../servers/start';
import { casesOn, describeOn, engineOf } from '../servers/versions';
import { serverJob } from '../support/job';
import type { ProgramOptions } from '../support/program';
import { Program } from '../support/program';
import { TcpProxy } from '../support/tcp-proxy';
import type { RunReason } from '../../task/run/errors';
import type { ToolFault } from '../support/tool-wrapper';
import { wrapTool } from '../support/tool-wrapper';
import { ENGINE_FACTS } from '../../engines/facts';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'not-so-secret';
const MEGABYTES = 30;
const HALF = MEGABYTES * 500_000;
/** What is left then is more than the kernel's buffers hold: a server that is killed cannot have sent it already. */
const EARLY = 10_000_000;
/** A stderr of 100 bytes, beside exit code 0. */
const COMPLAINT = `${'Something went wrong, and I shall not say so by my exit code.'.padEnd(99, '!')}\n`;

const NO_LAST_LINE =
  /^(mariadb-|mysql)dump exited with 0, but its output does not end with "-- Dump completed": the dump is cut short and was discarded$/;
const CUT_SHORT = {
  ...{ mysql: NO_LAST_LINE, mariadb: NO_LAST_LINE },
  postgresql:
    /^pg_dump exited with 0, but its archive is incomplete: it ends within a block of data: the dump was discarded$/,
};

describeOn(casesOn('mysql', 'mariadb', 'postgresql'), 'a dump of %s', (version) => {
  const engine = engineOf(version);
  const tool = ENGINE_FACTS[engine].server.dumpTool.name;
  let fixture: Fixture;
  let server: Server;
  let proxy: TcpProxy;
  let uncompressedBytes: number;

  async function filled(): Promise<Server> {
    const made = await startServer(version);
    if (made instanceof PostgresqlServer) {
      await made.exec(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PASSWORD}'; CREATE DATABASE small`);
      await made.exec('CREATE DATABASE shop');
      await made.exec(postgresqlTable('orders', MEGABYTES), 'shop');
    } else {
      await made.exec(`CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO backup@'%';
        CREATE DATABASE small; CREATE TABLE small.t (a INT); CREATE DATABASE shop; USE shop; ${mysqlFamilyTable(version, 'orders', MEGABYTES)}`);
    }
    return made;
  }

  const options = (source: string, port = server.port, database = 'shop'): ProgramOptions => ({
    job: serverJob(server, fixture.place(source), { databases: [database], port }),
    ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
  });

  /** The next run has a database to dump that takes no time. */
  const expectNextRunSucceeds = (source: string) =>
    fixture.expectNextRunSucceeds(options(source, server.port, 'small'));

  beforeAll(async () => {
    fixture = await Fixture.start();
    server = await filled();
    proxy = await TcpProxy.start(server.port);
    expect(await Program.run(options('whole'))).toMatchObject({ exit: 'success' });
    const [manifest] = await fixture.bucket.manifests('whole');
    uncompressedBytes = manifest!.objects.find(({ kind }) => kind === 'dump')!.uncompressedBytes;
    expect(uncompressedBytes).toBeGreaterThan(MEGABYTES * 900_000);
  });
  afterAll(async () => {
    await Promise.allSettled([proxy?.stop(), server?.stop()]);
    await fixture?.stop();
  });

  test.each([1, 50, 99])('whose tool is killed at %i %% leaves no backup', async (percent) => {
    const afterBytes = Math.round((uncompressedBytes * percent) / 100);
    const source = `killed-${percent}`;
    const toolsDirectory = wrapTool(tool, { afterBytes, killedBy: 'SIGKILL' }, fixture.directory);
    const result = await Program.run({ ...options(source), toolsDirectory });
    const sentence = new RegExp(
      `^${tool} was killed by SIGKILL, as the kernel does when memory runs out: raise memoryLimitMiB of this backup`,
    );
    await fixture.expectFailure(result, source, 'dumpFailed', sentence, { kind: 'tool-killed', object: tool });
    await expectNextRunSucceeds(source);
  });

  test.each<[string, ToolFault, RegExp, RunReason]>([
    [
      'complains and exits with 0',
      { says: COMPLAINT },
      new RegExp(`^${tool} exited with 0 but complained: ${COMPLAINT.trim()}$`),
      { kind: 'tool-failed', object: tool, said: COMPLAINT.trim() },
    ],
    [
      'ends early and exits with 0',
      { afterBytes: HALF, exits: 0 },
      CUT_SHORT[engine],
      { kind: 'dump-incomplete', object: tool },
    ],
    ['writes all, and exits with 2', { exits: 2 }, new RegExp(`^${tool} exited with 2$`), { kind: 'tool-failed' }],
  ])('whose tool %s leaves no backup', async (what, fault, sentence, reason) => {
    const source = what.replaceAll(/[^a-z0-9]+/g, '-');
    const result = await Program.run({ ...options(source), toolsDirectory: wrapTool(tool, fault, fixture.directory) });
    await fixture.expectFailure(result, source, 'dumpFailed', sentence, reason);
    await expectNextRunSucceeds(source);
  });

  test('whose connection is cut midway leaves no backup', async () => {
    const stalled = proxy.stallAfter(EARLY);
    const run = Program.run(options('cut', proxy.port));
    await stalled;
    proxy.cut();
    await fixture.expectFailure(
      await run,
      'cut',
      'dumpFailed',
      new RegExp(`^${tool} exited with \\d: .*(Lost connection|server closed the connection|SSL|reset).*`),
      { kind: 'tool-failed', object: tool },
    );
    await expectNextRunSucceeds('cut');
  });

  test('whose server dies midway leaves no backup', async () => {
    const stalled = proxy.stallAfter(EARLY);
    const run = Program.run(options('died', proxy.port));
    await stalled;
    await server.kill();
    proxy.resume();
    await fixture.expectFailure(
      await run,
      'died',
      'dumpFailed',
      new RegExp(`^${tool} exited with \\d: .*(Lost connection|server closed the connection|terminat|SSL).*`),
      { kind: 'tool-failed', object: tool },
    );
  });
});
