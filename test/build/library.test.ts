import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const BUILD = join(ROOT, 'scripts/build.mjs');

/** All files of a folder with their bytes. */
const contents = (folder: string) =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('base64')]),
  );

test('the bundles are the same, byte for byte, whenever and wherever they are built', () => {
  const folders = ['one', 'another-place'].map((name) => mkdtempSync(join(tmpdir(), name)));
  try {
    const [one, two] = folders.map((folder) => {
      const env = { ...process.env, BUILD_DIRECTORY: folder };
      execFileSync(process.execPath, [BUILD, '--bundles-only'], { env });
      return contents(folder);
    });
    expect([...one!.keys()]).toEqual(
      expect.arrayContaining(['bin/app.js', 'task/Dockerfile', 'task/main.js', 'task/rds-ca.pem']),
    );
    expect(two).toEqual(one);
    for (const bytes of one!.values()) expect(Buffer.from(bytes, 'base64').includes(ROOT)).toBe(false);
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
});

describe('the library as it ships', () => {
  // The library build comes before: `npm run build`.
  const library = join(ROOT, 'dist/lib/index.js');

  test('needs nothing but aws-cdk-lib, constructs and Node.js', () => {
    const script = `
      const { Module } = require('node:module');
      const load = Module._load;
      const asked = new Set();
      Module._load = function (request, parent, ...rest) {
        if (parent?.filename?.startsWith(${JSON.stringify(join(ROOT, 'dist'))}) && !request.startsWith('.')) asked.add(request);
        return load.call(this, request, parent, ...rest);
      };
      const library = require(${JSON.stringify(library)});
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
    const output = execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
    const asked = JSON.parse(output.trim().split('\n').at(-1)!) as string[];
    expect(asked).toContain('aws-cdk-lib');
    expect(asked.filter((name) => !/^(aws-cdk-lib(\/|$)|constructs$|node:|fs$|path$)/.test(name))).toEqual([]);
  });

  test('has no dependencies of its own', () => {
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
  });

  test('has the public API that API.md describes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'api'));
    const docgen = join(ROOT, 'node_modules/jsii-docgen/bin/jsii-docgen');
    execFileSync(process.execPath, [docgen, '--output', join(folder, 'API.md')], { cwd: ROOT });
    const [described, actual] = [ROOT, folder].map((place) => readFileSync(join(place, 'API.md'), 'utf8'));
    rmSync(folder, { recursive: true });
    // After an intended change: npm run docs:api
    expect(actual).toBe(described);
  }, 60_000);

  test('is described for Python, Java, .NET and Go', () => {
    const { targets, types } = JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8'));
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
