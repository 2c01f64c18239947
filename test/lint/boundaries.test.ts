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
  ['catalog/snippet.ts', '../lib/backup-bucket', 'catalog depends on nothing of ours'],
  ['catalog/snippet.ts', '../task/main', 'catalog depends on nothing of ours'],
  ['lib/snippet.ts', '../task/main', 'lib points at bundles'],
  ['lib/private/snippet.ts', '../../task/main', 'lib points at bundles'],
  ['lib/snippet.ts', '../catalog/manifest', 'of catalog it may import only'],
  ['lib/snippet.ts', '../bin/colors', 'lib points at bundles'],
  ['task/snippet.ts', '../lib/backup-bucket', 'task may import only itself and catalog'],
  ['task/snippet.ts', '../test/support/processes', 'task may import only itself and catalog'],
  ['lambda/snippet.ts', '../task/main', 'lambda may import only itself and catalog'],
  ['bin/snippet.ts', '../task/main', 'bin may import only itself, catalog and lib'],
])('%s must not import %s', (file, imported, sentence) => {
  expect(lint(file, imported)).toContainEqual(
    expect.objectContaining({ ruleId: RULE, message: expect.stringContaining(sentence) as string }),
  );
});

test.each([
  ['catalog/snippet.ts', './names'],
  ['lib/snippet.ts', '../catalog/contract'],
  ['lib/snippet.ts', 'aws-cdk-lib'],
  ['task/snippet.ts', '../catalog/manifest'],
  ['bin/snippet.ts', '../lib/backup-bucket'],
])('%s may import %s', (file, imported) => {
  expect(lint(file, imported)).toEqual([]);
});

test('the library must not import a package that its consumers do not have', () => {
  expect(lint('lib/snippet.ts', 'zod')).toContainEqual(
    expect.objectContaining({ ruleId: 'import-x/no-extraneous-dependencies' }),
  );
});
