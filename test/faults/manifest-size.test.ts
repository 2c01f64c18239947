import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteJob } from '../support/job';
import { Program } from '../support/program';
import { Fixture } from './fixture';

jest.setTimeout(120_000);

let fixture: Fixture;
beforeAll(async () => (fixture = await Fixture.start()));
afterAll(() => fixture?.stop());

/** A database of so many tables with names of 900,000 letters: few tables, as large a manifest as one of very many. */
function manyTables(source: string, count: number) {
  const file = path.join(fixture.directory, `${source}.db`);
  const database = new DatabaseSync(file);
  for (let index = 0; index < count; index++) {
    database.exec(`CREATE TABLE "${String(index).padEnd(900_000, 'a')}" (id INTEGER)`);
  }
  database.close();
  return { job: sqliteJob(file, fixture.place(source)), aws: fixture.aws };
}

test('a manifest of nearly 8 MiB is written', async () => {
  expect(await Program.run(manyTables('nine', 9))).toMatchObject({ exit: 'success', failure: '' });
  const [manifest] = await fixture.bucket.manifests('nine');
  expect(manifest!.tables).toHaveLength(9);
});

test('a larger one is not, and there is no backup', async () => {
  const result = await Program.run(manyTables('ten', 10));
  expect(result).toMatchObject({
    exit: 'configuration',
    failure: expect.stringMatching(
      /^manifest ten\/\S+\/manifest.json must be at most 8388608 bytes, got: 9\d{6} bytes for 10 tables: split the source into several, each with some of its databases$/,
    ) as string,
  });
  expect(await fixture.bucket.manifests('ten')).toEqual([]);
});
