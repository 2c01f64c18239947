import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from '../support/package';
import { temporaryDirectory } from '../support/processes';

const ROOT = join(__dirname, '../..');
const BUILD = join(ROOT, 'scripts/build.mjs');

/** All files of a folder, by their paths in it. */
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('the bundles are the same, byte for byte, whenever and wherever they are built', () => {
  const folder = temporaryDirectory('another-place');
  try {
    execFileSync(process.execPath, [BUILD, '--bundles-only'], { env: { ...process.env, BUILD_DIRECTORY: folder } });
    const files = filesOf(folder);
    expect(files).toEqual(expect.arrayContaining(['bin/app.js', 'task/Dockerfile', 'task/main.js', 'task/rds-ca.pem']));
    for (const file of files) {
      const bytes = readFileSync(join(folder, file));
      // By the set-up of the tests.
      expect({ file, same: bytes.equals(readFileSync(join(ROOT, 'dist', file))) }).toEqual({ file, same: true });
      expect({ file, path: bytes.includes(ROOT) }).toEqual({ file, path: false });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the package as it ships', () => {
  let directory: string;
  let unpacked: string;
  beforeAll(async () => {
    directory = realpathSync(temporaryDirectory('package'));
    unpacked = await unpackPackage(directory);
  }, 300_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('is built when it is packed, and holds documents, but no tests', () => {
    const files = filesOf(unpacked);
    const handlers = filesOf(join(ROOT, 'lambda')).flatMap((file) => /^([^/]+)\/handler\.ts$/.exec(file)?.[1] ?? []);
    expect(handlers).toContain('notify');
    expect(files).toEqual(
      expect.arrayContaining([
        ...['.jsii', 'API.md', 'LICENSE', 'README.md', 'dist/bin/app.js', 'dist/bin/cli.js', 'dist/lib/index.d.ts'],
        ...['dist/lib/index.js', 'dist/task/Dockerfile', 'dist/task/main.js', 'docs/troubleshooting.md'],
        ...handlers.map((handler) => `dist/lambda/${handler}/index.js`),
      ]),
    );
    expect(files.filter((file) => /(^|\/)(test|bench|demo)\/|\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test('needs nothing but aws-cdk-lib, constructs and Node.js', () => {
    const script = `
      const { Module } = require('node:module');
      const load = Module._load;
      const asked = new Set();
      Module._load = function (request, parent, ...rest) {
        if (parent?.filename?.startsWith(${JSON.stringify(unpacked)}) && !request.startsWith('.')) asked.add(request);
        return load.call(this, request, parent, ...rest);
      };
      const library = require(${JSON.stringify(unpacked)});
      // Some modules are loaded when they are first used.
      const { App, Duration, Stack, aws_ec2, aws_secretsmanager } = require('aws-cdk-lib');
      const stack = new Stack(new App(), 'Stack');
      const vpc = new aws_ec2.Vpc(stack, 'Vpc');
      const secret = new aws_secretsmanager.Secret(stack, 'Secret');
      new library.Backups(stack, 'Backups', { vpc }).addDatabase('Shop', {
        database: library.Database.mysql({ version: library.MysqlVersion.V8_4, host: 'db', secret }),
        schedule: library.BackupSchedule.cron('0 2 * * ? *'),
      });
      console.log(JSON.stringify([...asked]));`;
    const output = execFileSync(process.execPath, ['-e', script], { cwd: directory, encoding: 'utf8' });
    const asked = JSON.parse(output.trim().split('\n').at(-1)!) as string[];
    expect(asked).toContain('aws-cdk-lib');
    expect(asked.filter((name) => !/^(aws-cdk-lib(\/|$)|constructs$|node:|fs$|path$)/.test(name))).toEqual([]);
  });

  test('has no dependencies of its own', () => {
    expect(JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
  });

  test('has the public API that API.md describes', () => {
    const docgen = join(ROOT, 'node_modules/jsii-docgen/bin/jsii-docgen');
    // The copy that was packed: jsii-docgen wants node_modules beside the assembly.
    execFileSync(process.execPath, [docgen, '--output', '../API.md'], { cwd: join(directory, 'copy') });
    const [described, actual] = [ROOT, directory].map((place) => readFileSync(join(place, 'API.md'), 'utf8'));
    // After an intended change: npm run docs:api
    expect(actual).toBe(described);
  });

  test('is described for Python, Java, .NET and Go', () => {
    const { targets, types } = JSON.parse(readFileSync(join(unpacked, '.jsii'), 'utf8'));
    expect(Object.keys(targets).sort()).toEqual(['dotnet', 'go', 'java', 'js', 'python']);
    expect(Object.keys(types)).toEqual(
      expect.arrayContaining(
        ['Backups', 'BackupBucket', 'BackupSchedule', 'Database', 'DatabaseBackup', 'DatabaseTls'].map(
          (name) => `cdk-proven-backups.${name}`,
        ),
      ),
    );
  });
});
