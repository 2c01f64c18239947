import * as path from 'node:path';
import { makeDatabase, renameInSchema } from '../cases/sqlite-sources';
import { RestoreScene } from '../restore/support';
import { sqliteJob } from '../support/job';
import { prove } from './support';

jest.setTimeout(120_000);

let scene: RestoreScene;
beforeAll(async () => (scene = await RestoreScene.start()));
afterAll(() => scene?.stop());

test('a database with more virtual tables that cannot be loaded than tables is proven, also by full-text search', async () => {
  const file = makeDatabase(
    path.join(scene.directory, 'search.db'),
    `CREATE VIRTUAL TABLE words USING fts5 (body); INSERT INTO words VALUES ('one two'), ('two three');
     CREATE VIRTUAL TABLE mine USING fts5 (body, tokenize = 'porter');
     ${[1, 2, 3, 4, 5, 6].map((n) => `CREATE VIRTUAL TABLE boxes${n} USING rtree (id, x0, x1);`).join(' ')}`,
  );
  renameInSchema(file, 'porter', 'mecab');
  // Without their own tables.
  renameInSchema(file, 'USING rtree', 'USING spatial');
  makeDatabase(
    file,
    [1, 2, 3, 4, 5, 6].flatMap((n) => ['node', 'parent', 'rowid'].map((of) => `DROP TABLE boxes${n}_${of};`)).join(' '),
  );
  const manifest = await scene.backUp(sqliteJob(file, scene.place('search')));
  scene.putManifest({
    ...manifest,
    expectations: [{ kind: 'equals', statement: "SELECT count(*) FROM words WHERE words MATCH 'two'", value: '2' }],
  });
  const { exit, failure, verdict } = await prove(scene, manifest);
  expect({ exit, failure, differences: verdict?.differences }).toEqual({
    exit: 'success',
    failure: '',
    differences: [],
  });
});
