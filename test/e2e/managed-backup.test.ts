import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { MeasureReport } from '../../lambda/measure/measure';
import { startBackupJob } from '../emulator/backup-job';
import type { Email, RecordedResource } from '../emulator/emulator';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { needs } from '../emulator/iam/needs';
import { run } from '../support/processes';
import { ADDRESS, STACK } from './managed-backup-app';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

let emulator: Emulator;
let outputs: Record<string, string>;
let resources: RecordedResource[];

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  outputs = (await emulator.deploy(await appCommand('test/e2e/managed-backup-app.ts')))[STACK]!;
  resources = Object.values(await emulator.recorded(STACK));
  await emulator.confirmEmails(ADDRESS);
});
afterAll(async () => await emulator.stop());

const properties = (type: string) => resources.find((one) => one.type === type)!.properties;

async function measure(): Promise<MeasureReport> {
  const { FunctionError, Payload } = await new LambdaClient(emulator.client).send(
    new InvokeCommand({ FunctionName: outputs.Measure, Payload: Buffer.from('{}') }),
  );
  const report = Buffer.from(Payload!).toString();
  expect([FunctionError, report]).toEqual([undefined, expect.any(String)]);
  return JSON.parse(report) as MeasureReport;
}

/** What AWS Backup tells of a job. */
async function jobEvent(state: string, statusMessage: string): Promise<void> {
  const { Vault: backupVaultName, Resource: resourceArn } = outputs;
  const Detail = JSON.stringify({ backupVaultName, resourceArn, resourceType: 'EFS', state, statusMessage });
  const Time = await emulator.now();
  await new EventBridgeClient(emulator.client).send(
    new PutEventsCommand({ Entries: [{ Source: 'aws.backup', DetailType: 'Backup Job State Change', Detail, Time }] }),
  );
}

async function emailOf(subject: RegExp): Promise<Email> {
  for (let tries = 0; tries < 120; tries++) {
    const found = (await emulator.emails()).find((email) => subject.test(email.subject));
    if (found) return found;
    await sleep(500);
  }
  const others = (await emulator.emails()).map((email) => email.subject);
  throw new Error(`no email is about ${subject}, but of: ${others.join(' · ')}`);
}

test('AWS Backup takes the plan, the lock, the copies and the selection', () => {
  expect(properties('AWS::Backup::BackupPlan').BackupPlan).toMatchObject({
    BackupPlanRule: [
      {
        ...{ RuleName: 'Daily', ScheduleExpression: 'cron(0 4 * * ? *)', TargetBackupVault: outputs.Vault },
        ...{ StartWindowMinutes: 480, CompletionWindowMinutes: 1440, Lifecycle: { DeleteAfterDays: 30 } },
        CopyActions: [{ DestinationBackupVaultArn: expect.stringMatching(/:copies$/) as string }],
      },
    ],
  });
  expect(properties('AWS::Backup::BackupVault').LockConfiguration).toEqual({ MinRetentionDays: 7 });
  const { IamRoleArn, Resources } = properties('AWS::Backup::BackupSelection').BackupSelection as Record<
    string,
    unknown
  >;
  expect([IamRoleArn, Resources]).toEqual([outputs.Role, [outputs.Resource]]);
});

test('without a backup it is waited for; silence is told after the allowed age', async () => {
  expect(await measure()).toMatchObject({ sources: 1, unmeasured: [], findings: 0 });
  await emulator.moveClock(34 * 3600);
  expect(await measure()).toMatchObject({ sources: 1, unmeasured: [], findings: 1 });
  const { text } = await emailOf(/^SILENT media: there is no backup yet/);
  expect(text).toContain(`aws backup list-backup-jobs --region us-east-1 --by-resource-arn ${outputs.Resource}`);
});

test('a backup ends the silence, and the command line lists it', async () => {
  await startBackupJob(emulator, STACK);
  expect(await measure()).toMatchObject({ sources: 1, unmeasured: [], findings: 0 });
  await emailOf(/^RECOVERED media: there is a new backup/);
  const env = { PATH: process.env.PATH, HOME: emulator.directory, ...emulator.environment };
  const args = ['list', '--bucket', outputs.Bucket!, '--no-snapshots', '--json'];
  const out = await run(process.execPath, [path.join(ROOT, 'dist/bin/cli.js'), ...args], { env });
  expect(JSON.parse(out)).toMatchObject({
    backups: [],
    recoveryPoints: [{ source: 'media', type: 'EFS', state: 'completed', vault: outputs.Vault }],
  });
});

test('a job that fails is told with the newest backup; the next one ends that, and has its own email', async () => {
  await jobEvent('FAILED', '"Access denied"');
  const { text } = await emailOf(/^FAILED media: its job of AWS Backup failed: Access denied/);
  expect(text.replace(/\s+/g, ' ')).toContain(
    'its job of AWS Backup failed: Access denied. No backup was made. The newest',
  );
  expect(text).toContain('0 B, AWS Backup of EFS.');
  await startBackupJob(emulator, STACK);
  await jobEvent('COMPLETED', '');
  await emailOf(/^RECOVERED media: backups work again/);
  expect((await emailOf(/^BACKUP COMPLETE media/)).text).toContain('Size: 0 B, AWS Backup of EFS');
});

test('the functions may list this vault only, and both need it', async () => {
  const { guard } = emulator;
  expect(guard.denials).toEqual([]);
  const deployed = await guard.deployed();
  const listing = needs(deployed, deployed.of(STACK), guard.decisions).filter(({ says }) =>
    says.includes('backup:List'),
  );
  expect(listing.map(({ says, isNeeded }) => [says, isNeeded])).toEqual([
    ['Allow backup:ListRecoveryPointsByBackupVault', true],
    ['Allow backup:ListRecoveryPointsByBackupVault', true],
  ]);
});
