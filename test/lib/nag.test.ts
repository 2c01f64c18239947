import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, Validations } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { BackupAlarms, BackupBucket, Backups, BackupSchedule, DatabaseBackup, Digest } from '../../lib';
import { Duration } from 'aws-cdk-lib';
import type { Json } from './support';
import { Setup } from './support';

/** What cdk-nag says about the constructs of this library; what it says about the rest of the test stack is left out. */
function findings(setup: Setup): string[] {
  Validations.of(setup.app).addPlugins(new AwsSolutionsChecks(setup.app));
  const log = jest.spyOn(console, 'error').mockImplementation();
  let directory = setup.app.outdir;
  try {
    directory = setup.app.synth().directory;
  } catch {
    // The findings on the rest of the stack fail the synthesis; the report is written all the same.
  }
  log.mockRestore();
  const report: Json = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8'));
  const all = JSON.stringify(report);
  // The rules were run: the test's own VPC has no flow log.
  expect(all).toContain('AwsSolutions-VPC7');
  return report.pluginReports
    .filter(({ pluginName }: Json) => pluginName === 'AwsSolutions')
    .flatMap(({ violations }: Json) => violations)
    .flatMap(({ ruleName, violatingConstructs }: Json) =>
      violatingConstructs.map(({ constructPath }: Json) => `${ruleName} ${constructPath}`),
    )
    .filter((finding: string) => / (Stack|Shared)\/(Backups|Alone|Bucket)/.test(finding));
}

test('cdk-nag finds nothing that is not explained', () => {
  const setup = new Setup();
  const { alarms } = setup.create({ alarms: { emails: ['ann@example.com'], digest: Digest.daily({ hour: 8 }) } });
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  setup.add({ image: undefined });
  setup.add({ database: setup.sqlite() }, 'Files');
  const { stack, vpc } = setup;
  const bucket = new BackupBucket(stack, 'Bucket');
  new DatabaseBackup(stack, 'Alone', {
    database: setup.mysql(),
    schedule: BackupSchedule.every(Duration.hours(6)),
    bucket,
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    alarms: new BackupAlarms(stack, 'AloneAlarms', { bucket, emails: ['ann@example.com'] }),
  });
  expect(findings(setup)).toEqual([]);
});

test('nor when the bucket is in another stack', () => {
  const setup = new Setup();
  const shared = new Stack(setup.app, 'Shared');
  const backups = new Backups(setup.stack, 'Backups', { vpc: setup.vpc, bucket: new BackupBucket(shared, 'Bucket') });
  backups.addDatabase('Shop', { database: setup.mysql(), schedule: BackupSchedule.every(Duration.hours(6)) });
  expect(findings(setup)).toEqual([]);
});

test('nor when the log group is imported', () => {
  const setup = new Setup();
  setup.create({ logGroup: logs.LogGroup.fromLogGroupName(setup.stack, 'Logs', 'backups') });
  setup.add();
  expect(findings(setup)).toEqual([]);
});
