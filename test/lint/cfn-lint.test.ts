import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readBackupsFile } from '../../bin/backups-file/backups-file';
import { BackupsStack } from '../../bin/backups-file/backups-stack';
import { ALL_EXAMPLES, EXAMPLES, loadExample } from '../support/examples';

const ROOT = join(__dirname, '../..');
const CFN_LINT = join(ROOT, '.venv/bin/cfn-lint');
/**
 * What CDK itself writes: dependencies that references imply already (W3005), and access control lists (W3045). And that
 * a version of RDS is old (W3691): it takes every version without a minor one for old.
 */
const IGNORED = ['W3005', 'W3045', 'W3691'];

const lint = (...templates: string[]) =>
  spawnSync(CFN_LINT, ['--ignore-checks', ...IGNORED, '--', ...templates], { encoding: 'utf8' });

/** Synthesises an example, and answers with the path of its template. */
function template(example: string): string {
  const app = existsSync(join(EXAMPLES, example, 'app.ts')) ? loadExample(example) : appOfFile(example);
  const [stack] = app.synth().stacks;
  return stack!.templateFullPath;
}

function appOfFile(example: string): App {
  const app = new App();
  new BackupsStack(app, readBackupsFile(join(EXAMPLES, example, 'backups.yaml')));
  return app;
}

test('it runs, and it finds faults', () => {
  const { status, stdout, stderr } = lint(join(__dirname, 'fault.template.json'));
  expect(stderr).toBe('');
  expect(stdout).toContain('E3002');
  expect(status).not.toBe(0);
});

test.each(ALL_EXAMPLES)('it finds nothing in the template of %s', (example) => {
  expect(lint(template(example))).toMatchObject({ status: 0, stdout: '', stderr: '' });
});
