import * as fs from 'node:fs';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadRows } from '../../../../engines/postgresql/restore/load-rows';
import { Tool } from '../../../../task/io/tool';
import { temporaryDirectory } from '../../../support/processes';
import { block, head } from '../archive-bytes';

const directory = temporaryDirectory('load-rows');
afterAll(() => fs.rmSync(directory, { recursive: true }));

/** A tool that takes nothing until a file is there, and then all. */
const takesAfter = (file: string): Tool => {
  const script = 'until [ -e "$0" ]; do sleep 0.05; done; cat >/dev/null';
  const tool = new Tool({ command: 'sh', args: ['-c', script, file], takesInput: true });
  tool.stdout.resume();
  return tool;
};

test('rows that one tool alone may load are read no faster than it takes them, however free the others are', async () => {
  const name = 't7';
  const rows = block(7, ...Array.from({ length: 400 }, () => `${'x'.repeat(64 * 1024)}\n`));
  let read = 0;
  const input = Readable.from(
    (function* () {
      yield head(14, [{ id: 7, hasData: true, name, description: 'TABLE DATA' }]);
      for (; read < rows.length; read += 64 * 1024) yield rows.subarray(read, read + 64 * 1024);
    })(),
  );
  const file = path.join(directory, 'taken');
  const loaded = loadRows([takesAfter(file), takesAfter(directory)], input, new Set());
  await sleep(600);
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(4 * 1024 * 1024);
  fs.writeFileSync(file, '');
  await loaded;
  expect(read).toBeGreaterThanOrEqual(rows.length);
});
