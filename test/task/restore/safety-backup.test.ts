import * as fs from 'node:fs';
import * as path from 'node:path';
import { backupId } from '../../../catalog/bucket/names';
import { makeSafetyBackup } from '../../../task/restore/safety-backup';
import { Log } from '../../../task/run/log';
import { temporaryDirectory } from '../../support/processes';

test('a restore that fails leaves the safety backup alone that another one made in the same second', async () => {
  const directory = temporaryDirectory('safety');
  const others = [0, 1, 2].map((second) =>
    path.join(directory, 'shop', backupId(new Date(Date.now() + 1000 * second))),
  );
  for (const other of others) fs.mkdirSync(other, { recursive: true });
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const job = { action: 'restore', source: 'shop', engine: 'sqlite', bucket: 'b', timeoutSeconds: 9 } as const;
  const made = makeSafetyBackup(directory, {
    inputs: { job: { ...job, scratchDirectory: directory, file: '/no/file' }, request: { backupId: 'x' } },
    ...{ targetVersion: '3', targets: [{ database: 'file', name: 'file', state: 'exists', tables: 1, rows: 1 }] },
    ...{ log: new Log(), signal: new AbortController().signal },
  });
  await expect(made).rejects.toThrow(/the safety backup into .* failed, and so nothing was replaced: could not read/);
  jest.restoreAllMocks();
  expect(fs.readdirSync(path.join(directory, 'shop'))).toEqual(others.map((other) => path.basename(other)));
  fs.rmSync(directory, { recursive: true });
});
