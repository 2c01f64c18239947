import type { MysqlFamilyServer } from '../servers/mysql-family';
import { PostgresqlServer } from '../servers/postgresql';
import { startServer } from '../servers/start';
import { casesOn, describeOn } from '../servers/versions';
import { serverJob } from '../support/job';
import { Program } from '../support/program';
import { Fixture } from './fixture';

jest.setTimeout(120_000);

const PASSWORD = 'not-so-secret';

/** Whoever may create a database chooses its name, and all databases of a server are dumped by default. */
describe('a database whose name is an instruction to the dump tool', () => {
  let fixture: Fixture;
  beforeAll(async () => (fixture = await Fixture.start()));
  afterAll(() => fixture?.stop());

  const MYSQL = ['mysql', 'mariadb'] as const;
  describeOn(casesOn(...MYSQL), 'on %s', (version) => {
    test('an option', async () => {
      const server = (await startServer(version)) as MysqlFamilyServer;
      try {
        await server.exec(`CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON *.* TO backup@'%';
        CREATE DATABASE \`--where=1=0\`; CREATE TABLE \`--where=1=0\`.a (i INT); CREATE DATABASE \`-f\`;
        CREATE DATABASE shop; CREATE TABLE shop.t (i INT); INSERT INTO shop.t VALUES (4711);`);
        const result = await Program.run({
          job: serverJob(server, fixture.place(`option-${version.replace('.', '-')}`)),
          ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
        });
        expect(result).toMatchObject({ exit: 'success', failure: '' });
        const [manifest] = await fixture.bucket.manifests(`option-${version.replace('.', '-')}`);
        expect(manifest!.objects[0]!.databases).toEqual(['--where=1=0', '-f', 'shop']);
        const text = (await fixture.bucket.download(manifest!.objects[0]!)).toString('utf8');
        for (const part of ['(4711)', 'USE `--where=1=0`', 'USE `-f`']) expect(text).toContain(part);
      } finally {
        await server.stop();
      }
    });
  });

  describeOn(casesOn('postgresql'), 'on %s', (version) => {
    test('the address of another server', async () => {
      const server = await PostgresqlServer.start({ version });
      try {
        const name = "dbname=postgres host=elsewhere.invalid sslmode=disable '\\";
        await server.exec(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
        await server.exec(`CREATE DATABASE "${name}"`);
        const result = await Program.run({
          job: serverJob(server, fixture.place(`address-${version}`), { databases: [name] }),
          ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD, image: version },
        });
        expect(result).toMatchObject({ exit: 'success', failure: '' });
        const [manifest] = await fixture.bucket.manifests(`address-${version}`);
        expect(manifest!.objects.map(({ databases }) => databases)).toEqual([[], [name], []]);
      } finally {
        await server.stop();
      }
    });
  });
});
