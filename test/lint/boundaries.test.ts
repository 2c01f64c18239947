import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = path.resolve(__dirname, '../..');
const RULE = 'import-x/no-restricted-paths';

interface Message {
  readonly ruleId: string | null;
  readonly message: string;
}

/** Answers each line, a file and its text in JSON, with a line of messages. Jest cannot load the configuration itself. */
const LINTER = `
  const { ESLint } = require('eslint');
  const eslint = new ESLint();
  require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    const { file, text } = JSON.parse(line);
    const [{ messages }] = await eslint.lintText(text, { filePath: file });
    console.log(JSON.stringify(messages));
  });`;

let linter: ChildProcessWithoutNullStreams;
let answers: AsyncIterator<string>;
beforeAll(() => {
  linter = spawn(process.execPath, ['--eval', LINTER], { cwd: ROOT });
  answers = createInterface({ input: linter.stdout })[Symbol.asyncIterator]();
});
afterAll(() => linter.kill());

/** Messages of the project's own lint about an import that a file of ours might make. */
async function lint(file: string, imported: string): Promise<Message[]> {
  const text = `import * as it from '${imported}';\nconsole.log(it);\n`;
  linter.stdin.write(`${JSON.stringify({ file: path.join(ROOT, file), text })}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error('the linter has ended');
  return JSON.parse(value) as Message[];
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
])('%s must not import %s', async (file, imported, sentence) => {
  expect(await lint(file, imported)).toContainEqual(
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
])('%s may import %s', async (file, imported) => {
  expect(await lint(file, imported)).toEqual([]);
});

test('the library must not import a package that its consumers do not have', async () => {
  expect(await lint('lib/snippet.ts', 'zod')).toContainEqual(
    expect.objectContaining({ ruleId: 'import-x/no-extraneous-dependencies' }),
  );
});
