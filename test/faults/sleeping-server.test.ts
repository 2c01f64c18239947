import { PostgresqlServer } from '../servers/postgresql';
import type { Server } from '../servers/start';
import { startServer } from '../servers/start';
import { casesOn, describeOn, inMatrix, newestOf } from '../servers/versions';
import { serverJob } from '../support/job';
import { freePort } from '../support/processes';
import type { ProgramOptions, ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { TcpProxy } from '../support/tcp-proxy';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'right-one';
/** Longer than one attempt to connect. */
const SLEEP_MS = 16_000;

/** MariaDB is met by the client of MySQL. */
const VERSIONS = inMatrix(casesOn('mysql', 'mariadb', 'postgresql'), newestOf('mysql', 'postgresql'));

describeOn(VERSIONS, 'a backup of %s that sleeps', (version) => {
  let fixture: Fixture;
  let server: Server;
  let proxy: TcpProxy;
  let silent: { readonly proxy: TcpProxy; readonly result: Promise<ProgramResult> };
  let stopped: { readonly proxy: TcpProxy; readonly program: Program };

  beforeAll(async () => {
    fixture = await Fixture.start();
    server = await startServer(version);
    await (server instanceof PostgresqlServer
      ? server.exec(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
      : server.exec(
          `CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO backup@'%'; CREATE DATABASE shop; CREATE TABLE shop.t (a INT);`,
        ));
    proxy = await TcpProxy.start(server.port);
    // Both wait for as long as one attempt to connect: at the same time, and beside the other tests.
    const asleep = [await TcpProxy.start(server.port), await TcpProxy.start(server.port)] as const;
    for (const one of asleep) one.fallAsleep('silent', SLEEP_MS);
    silent = { proxy: asleep[0], result: Program.run(options('silent', asleep[0].port)) };
    stopped = { proxy: asleep[1], program: Program.start(options('stopped', asleep[1].port)) };
  });
  afterAll(async () => {
    await Promise.all([proxy, silent?.proxy, stopped?.proxy].map((one) => one?.stop()));
    await server?.stop();
    await fixture?.stop();
  });

  const options = (source: string, port = proxy.port): ProgramOptions => ({
    job: serverJob(server, fixture.place(source), { port }),
    ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
  });
  const waits = ({ log }: ProgramResult) =>
    log.filter(({ event }) => event === 'waiting').map(({ message }) => message);

  test('asks until it no longer ends connections at once', async () => {
    proxy.fallAsleep('ends', 9000);
    const result = await Program.run(options('ends'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(proxy.asked).toBeGreaterThan(1);
    expect(waits(result)).toEqual([expect.stringContaining('the server ended the connection at once')]);
  });

  test('does not ask again what has refused', async () => {
    const refused = [
      { ...options('password', server.port), password: 'wrong-one' },
      options('port', await freePort()),
      { ...options('name'), job: serverJob(server, fixture.place('name'), { host: '127.0.0.1', port: server.port }) },
    ];
    for (const one of refused) {
      const result = await Program.run(one);
      expect([result.exit, waits(result)]).toEqual(['connection', []]);
    }
  });

  test('ends at once where it is told to stop', async () => {
    const { program } = stopped;
    await program.logged('waiting');
    const told = performance.now();
    program.signal('SIGTERM');
    expect(await program.result()).toMatchObject({ exit: 'interrupted' });
    expect(performance.now() - told).toBeLessThan(30_000);
  });

  test('asks until it answers', async () => {
    const result = await silent.result;
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(silent.proxy.asked).toBe(1);
    expect(waits(result)).toEqual([
      expect.stringMatching(
        /^the server is asked again for 120 seconds: could not connect to localhost:\d+: .*no answer/,
      ),
    ]);
  });
});
