import type { FilesProps } from '../../../lib';
import { Database } from '../../../lib';
import { flat, Setup } from '../support';

const setupWith = (props: Partial<FilesProps> = {}) => {
  const setup = new Setup();
  setup.add({ database: Database.files({ ...setup.efs(), ...props }) });
  return setup;
};

test('files are a directory on an EFS access point, with patterns', () => {
  const patterns = { include: ['.env*', 'conf/**'], exclude: ['**/cache/'], allowUnreadable: ['conf/private'] };
  const setup = setupWith({ path: 'candle/', ...patterns, sqliteDatabases: ['data/**'] });
  expect(setup.job()).toMatchObject({
    ...{ engine: 'files', file: '/data/candle' },
    files: { ...patterns, sqlite: ['data/**'] },
  });
  expect(setupWith().job()).toMatchObject({ engine: 'files', file: '/data', files: {} });
});

test.each([
  [undefined, ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite']],
  [true, ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite', 'elasticfilesystem:ClientRootAccess']],
])('rootAccess %s', (rootAccess, actions) => {
  const statements = setupWith({ rootAccess }).statements('ShopTaskRole');
  expect(statements.find(({ Action }) => flat(Action[0]).startsWith('elastic'))!.Action).toEqual(actions);
});

test.each<[Partial<FilesProps>, string]>([
  [{ path: '/a' }, 'path must be relative to the access point, without .., for example \'media\', got: "/a"'],
  [{ include: [] }, 'include must have at least one pattern, got: an empty list: leave it out to back up everything'],
  ...['/etc', '!a', 'a/../b', './a', ''].map((pattern): [Partial<FilesProps>, string] => [
    { exclude: [pattern] },
    `exclude must have patterns relative to the directory, without a leading / or !, and without . and .., for example 'conf/**', got: ${JSON.stringify(pattern)}`,
  ]),
])('%j is refused', (props, sentence) => {
  expect(() => setupWith(props)).toThrow(sentence);
});
