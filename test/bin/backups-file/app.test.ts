import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = path.resolve(__dirname, '../../..');
const EXAMPLE = path.join(ROOT, 'examples/yaml/backups.yaml');
/** Three folders deep, as the library's own files are: it looks for the image's folder from there. */
const APP = path.join(ROOT, 'dist/test/bin/app.js');
let directory: string;

beforeAll(() => {
  // The library as it is now, not as it was built last.
  buildSync({
    entryPoints: [path.join(ROOT, 'bin/app.ts')],
    outfile: APP,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['aws-cdk-lib', 'constructs'],
  });
});
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'app-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

/** Runs the app as the CDK CLI does, in a folder of its own. */
function run({ context = {}, env = {} }: { context?: Record<string, string>; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [APP], {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      CDK_OUTDIR: path.join(directory, 'cdk.out'),
      // As in all unit tests.
      CDK_VALIDATION: process.env.CDK_VALIDATION,
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:disable-asset-staging': true, ...context }),
      ...env,
    },
  });
  const output = path.join(directory, 'cdk.out');
  return { status, stdout, stderr, files: fs.existsSync(output) ? fs.readdirSync(output) : [] };
}

test('backups.yaml in the working directory', () => {
  fs.copyFileSync(EXAMPLE, path.join(directory, 'backups.yaml'));
  const { status, stderr, files } = run();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(files).toContain('ShopBackups.template.json');
});

test('the account and the Region of the credentials, where the file names none', () => {
  const source = fs.readFileSync(EXAMPLE, 'utf8').replace(/^(account|region):.*\n/gm, '');
  fs.writeFileSync(path.join(directory, 'backups.yaml'), source);
  const { status } = run({ env: { CDK_DEFAULT_ACCOUNT: '222233334444', CDK_DEFAULT_REGION: 'eu-west-1' } });
  expect(status).toBe(0);
  const manifest = fs.readFileSync(path.join(directory, 'cdk.out/manifest.json'), 'utf8');
  expect(manifest).toContain('"environment": "aws://222233334444/eu-west-1"');
});

test.each([
  ['the context', { context: { backupsFile: 'mine.yaml' } }],
  ['the environment', { env: { BACKUPS_FILE: 'mine.yaml' } }],
])('another file, by %s', (_, how) => {
  fs.writeFileSync(path.join(directory, 'mine.yaml'), 'vpc: default');
  expect(run(how).stderr).toMatch(/^mine\.yaml:1: databases is missing: /);
});

test('backups.yml as well, but not both', () => {
  fs.writeFileSync(path.join(directory, 'backups.yml'), 'vpc: default');
  expect(run().stderr).toMatch(/^backups\.yml:1: databases is missing: /);
  fs.writeFileSync(path.join(directory, 'backups.yaml'), 'vpc: default');
  expect(run()).toMatchObject({
    status: 1,
    stderr:
      'backups.yaml: there is backups.yml as well: remove one of them, or name one: npx cdk deploy -c backupsFile=<path>\n',
  });
  expect(run({ env: { BACKUPS_FILE: 'backups.yml' } }).stderr).toMatch(/^backups\.yml:1: /);
});

test('no file', () => {
  expect(run()).toEqual({
    status: 1,
    stdout: '',
    stderr: 'backups.yaml: no such file: write one, or name another: npx cdk deploy -c backupsFile=<path>\n',
    files: [],
  });
});

test('a wrong file: a line for each problem, no stack trace, exit code 1, and nothing to deploy', () => {
  fs.writeFileSync(path.join(directory, 'backups.yaml'), 'vpc: default\nregoin: eu-west-1\n');
  expect(run()).toEqual({
    status: 1,
    stdout: '',
    stderr: [
      'backups.yaml:1: databases is missing: it must be a map of at least one database, by its name\n',
      'backups.yaml:2: the file has an unknown key "regoin": did you mean region?\n',
    ].join(''),
    files: [],
  });
});

test('what the constructs refuse ends the same way', () => {
  const source = fs.readFileSync(EXAMPLE, 'utf8').replace('{ every: 6h }', '{ every: 6h }\n    timeout: 7h');
  fs.writeFileSync(path.join(directory, 'backups.yaml'), source);
  const { status, stderr, files } = run();
  expect({ status, files }).toEqual({ status: 1, files: [] });
  expect(stderr).toMatch(/^backups\.yaml:17: databases\.shop: timeout must be shorter than .*\n$/);
});
