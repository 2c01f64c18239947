import { backupOf, tagsOf } from '../../../engines/files/restic/tags';

const ID = '2026-11-20T02-00-00Z';

test('a snapshot is of the backup that its tags name', () => {
  expect(backupOf('backups', tagsOf('backups', ID))).toBe(ID);
});

test.each([
  ['has no tags', undefined],
  ['is of a backup whose manifest is in another bucket', tagsOf('moved', ID)],
  ['says no bucket', [ID]],
  ['was made by a person', ['before-upgrade', 'in:backups']],
  ['was given another tag by a person', [...tagsOf('backups', ID), 'keep']],
])('a snapshot that %s is of no backup here', (_, tags) => {
  expect(backupOf('backups', tags)).toBeUndefined();
});
