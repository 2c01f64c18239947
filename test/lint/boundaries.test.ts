import { spawnSync } from 'node:child_process';
import * as path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');
const RULE = 'import-x/no-restricted-paths';

interface Message {
  readonly ruleId: string | null;
  readonly message: string;
}

/** What the project's own lint says of an import that a file of ours might make. */
function lint(file: string, imported: string): Message[] {
  const eslint = path.join(ROOT, 'node_modules/eslint/bin/eslint.js');
  const args = [eslint, '--format', 'json', '--stdin', '--stdin-filename', path.join(ROOT, file)];
  const input = `import * as it from '${imported}';\nconsole.log(it);\n`;
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, input, encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { messages: Message[] }[])[0]!.messages;
}

test.each([
  ['catalog/snippet.ts', '../lib/bucket/backup-bucket', 'catalog depends on nothing of ours'],
  ['catalog/snippet.ts', '../task/main', 'catalog depends on nothing of ours'],
  ['lib/snippet.ts', '../task/main', 'lib points at bundles'],
  ['lib/private/snippet.ts', '../../task/main', 'lib points at bundles'],
  ['lib/snippet.ts', '../catalog/bucket/manifest', 'of catalog it may import only'],
  ['lib/snippet.ts', '../bin/cli/print/colors', 'lib points at bundles'],
  ['lib/snippet.ts', '../engines/mysql/dump', 'of engines only facts and advice'],
  ['task/snippet.ts', '../lib/bucket/backup-bucket', 'task may import only itself, catalog and engines'],
  ['task/snippet.ts', '../test/support/processes', 'task may import only itself, catalog and engines'],
  ['lambda/snippet.ts', '../task/main', 'lambda may import only itself, catalog'],
  ['lambda/snippet.ts', '../engines/mysql/dump', 'the facts and advice of engines'],
  ['engines/snippet.ts', '../lib/bucket/backup-bucket', 'engines may import only itself, catalog and task'],
  ['bin/snippet.ts', '../task/main', 'bin may import only itself, catalog, lib'],
  ['bin/cli/snippet.ts', '../backups-file/schema', 'share only the files of bin itself'],
  ['bin/backups-file/snippet.ts', '../cli/errors', 'share only the files of bin itself'],
])('%s must not import %s', (file, imported, sentence) => {
  expect(lint(file, imported)).toContainEqual(
    expect.objectContaining({ ruleId: RULE, message: expect.stringContaining(sentence) as string }),
  );
});

test.each([
  ['catalog/snippet.ts', './bucket/names'],
  ['lib/snippet.ts', '../catalog/contract/task'],
  ['lib/snippet.ts', '../engines/facts'],
  ['lambda/snippet.ts', '../engines/facts'],
  ['task/snippet.ts', '../engines/programs'],
  ['lib/snippet.ts', 'aws-cdk-lib'],
  ['task/snippet.ts', '../catalog/bucket/manifest'],
  ['bin/snippet.ts', '../lib/bucket/backup-bucket'],
  ['bin/cli/snippet.ts', '../time-span'],
])('%s may import %s', (file, imported) => {
  expect(lint(file, imported)).toEqual([]);
});

test('the library must not import a package that its consumers do not have', () => {
  expect(lint('lib/snippet.ts', 'zod')).toContainEqual(
    expect.objectContaining({ ruleId: 'import-x/no-extraneous-dependencies' }),
  );
});
