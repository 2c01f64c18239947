import * as fs from 'node:fs';
import * as path from 'node:path';
import { removeAbandoned } from '../../../engines/files/temporary';
import { RESTORING } from '../../../engines/files/walk';
import { temporaryDirectory } from '../../support/processes';

test('what a killed restore has left is removed, and nothing that a link leads to', async () => {
  const directory = temporaryDirectory('temporary');
  const root = path.join(directory, 'root');
  const victim = path.join(directory, 'victim');
  for (const made of [root, victim, path.join(root, `${RESTORING}left`)]) fs.mkdirSync(made);
  fs.writeFileSync(path.join(victim, 'x'), 'x', { mode: 0o440 });
  fs.symlinkSync(victim, path.join(root, `${RESTORING}link`));
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 48 * 3600 * 1000);
  await removeAbandoned(root).finally(() => jest.restoreAllMocks());
  expect(fs.readdirSync(root)).toEqual([`${RESTORING}link`]);
  expect(fs.statSync(path.join(victim, 'x')).mode & 0o777).toBe(0o440);
  fs.rmSync(directory, { recursive: true });
});
