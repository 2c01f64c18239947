import { once } from 'node:events';
import * as fs from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from '../support/program';
import type { ProgramOptions } from '../support/program';
import { run } from '../support/processes';
import { describeOn } from '../servers/versions';
import { MysqlSource } from './mysql-source';

jest.setTimeout(300_000);

/**
 * A server that takes any password and answers the first statement by asking for a file of the client. It takes one connection: who is
 * left without a word asks again for two minutes.
 */
async function thief(file: string, stolen: (data: Buffer) => void) {
  const packet = (number: number, body: Buffer) =>
    Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, number]), body]);
  const capabilities = 0x8a28f;
  const greeting = Buffer.concat([
    ...[Buffer.from('\n10.11.19-MariaDB\0'), Buffer.from([1, 0, 0, 0]), Buffer.from('12345678\0')],
    Buffer.from([capabilities & 255, (capabilities >> 8) & 255, 45, 2, 0, capabilities >> 16, 0, 21]),
    ...[Buffer.alloc(10), Buffer.from('123456789012\0mysql_native_password\0')],
  ]);
  const server = createServer((socket) => {
    server.close();
    let answers = [packet(2, Buffer.from([0, 0, 0, 2, 0, 0, 0])), packet(1, Buffer.from(`\xfb${file}`, 'latin1'))];
    socket.on('error', () => undefined);
    socket.write(packet(0, greeting));
    socket.on('data', (data: Buffer) => {
      const [next, ...others] = answers;
      answers = others;
      if (next) return socket.write(next);
      stolen(data);
      return socket.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

// By the tools of the machine itself: they are replaced.
describeOn(['mariadb-10.11'], 'the stream of %s', (version) => {
  let source: MysqlSource;
  beforeAll(async () => (source = await MysqlSource.start(version)));
  afterAll(() => source?.stop());

  const here = (options: ProgramOptions): ProgramOptions => ({ ...options, image: undefined });

  test.each([
    ['triggers', 'trigger left.tr'],
    ['routines', 'function left.f'],
    ['events', 'event left.e'],
  ])('Mx30 lacks %s that the server has: the run fails and names them', async (what, missing) => {
    await source.server
      .exec(`CREATE DATABASE IF NOT EXISTS \`left\`; USE \`left\`; CREATE TABLE IF NOT EXISTS t (a INT);
      CREATE TRIGGER IF NOT EXISTS tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE FUNCTION IF NOT EXISTS f() RETURNS INT RETURN 1;
      CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1`);
    const toolsDirectory = fs.mkdtempSync(path.join(source.fixture.directory, 'tools-'));
    const real = '/usr/bin/mariadb-dump';
    const script = `#!/bin/bash\nexec ${real} "\${@/#--${what}/--skip-${what}}"\n`;
    fs.writeFileSync(path.join(toolsDirectory, 'mariadb-dump'), script, { mode: 0o755 });
    const { exit, failure } = await Program.run({ ...here(await source.given('left')), toolsDirectory });
    const sentence = `mariadb-dump exited with 0, but left out what the server has: ${missing}: the dump was discarded`;
    expect({ exit, failure }).toEqual({ exit: 'dumpFailed', failure: sentence });
  });

  test('Mx31 a trigger that is dropped during the dump fails nothing', async () => {
    await source.server
      .exec(`CREATE DATABASE busy; USE busy; CREATE TABLE a_big (i INT, b CHAR(250)); CREATE TABLE z (a INT);
      INSERT INTO a_big SELECT seq, REPEAT('x', 250) FROM seq_1_to_400000; CREATE TRIGGER tr BEFORE INSERT ON z FOR EACH ROW SET NEW.a = 1`);
    const program = Program.start(here(await source.given('busy')));
    await program.logged('start');
    await sleep(300);
    await source.server.exec('DROP TRIGGER busy.tr');
    expect(await program.result()).toMatchObject({ exit: 'success', failure: '' });
  });

  test('Mx32 has rows of more than 16 MiB: a note says what the server needs to load them', async () => {
    await source.server.exec(
      "CREATE DATABASE wide; CREATE TABLE wide.f (id INT PRIMARY KEY, b LONGBLOB); INSERT INTO wide.f VALUES (1, REPEAT('a', 9 * 1024 * 1024))",
    );
    const result = await Program.run(here(await source.given('wide')));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const notes = result.log.filter(({ event }) => event === 'note').map(({ note }) => note);
    expect(notes).toContainEqual({ kind: 'long-rows', objects: ['wide.f'] });
  });

  test('M16 has a row of more than 512 MiB of binary data, which no server can load: the run fails and names the table', async () => {
    await source.server.exec(
      "CREATE DATABASE huge; CREATE TABLE huge.f (id INT PRIMARY KEY, b LONGBLOB); INSERT INTO huge.f VALUES (1, REPEAT('a', 540 * 1024 * 1024))",
    );
    const { exit, failure, reason } = await Program.run(here(await source.given('huge')));
    const sentence = /^a row of huge\.f makes a statement of more than 1 GiB.*--ignore-table=huge\.f$/;
    expect({ exit, failure }).toEqual({ exit: 'dumpFailed', failure: expect.stringMatching(sentence) as string });
    expect(reason).toMatchObject({ kind: 'row-too-long', object: 'huge.f' });
  });

  test('Mx33 a server that asks for a file of the task gets none, from the program or the tool', async () => {
    const file = path.join(source.fixture.directory, 'secret');
    fs.writeFileSync(file, 'TOP-SECRET');
    const heard: string[] = [];
    const steal = () => thief(file, (data) => heard.push(data.toString('latin1')));
    const off = { mode: 'off', reason: 'a test' } as const;
    const options = await source.given('any', { host: '127.0.0.1', port: await steal(), tls: off });
    expect(await Program.run(here(options))).toMatchObject({ exit: 'connection' });
    expect(heard).not.toEqual([]);
    const ofTheProgram = heard.length;
    const args = ['--no-defaults', '--host=127.0.0.1', `--port=${await steal()}`, '--skip-ssl', '--databases', 'any'];
    await expect(run('/usr/bin/mariadb-dump', args)).rejects.toThrow(/Lost connection/);
    expect(heard.length).toBeGreaterThan(ofTheProgram);
    expect(heard.join('')).not.toContain('TOP-SECRET');
  });
});
