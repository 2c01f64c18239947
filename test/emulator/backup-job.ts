import type { Emulator } from './emulator';

/** Starts a job of AWS Backup for the first resource of the stack's selection, as its plan would. The emulator completes it at once. */
export async function startBackupJob(emulator: Emulator, stack: string): Promise<void> {
  const resources = Object.values(await emulator.recorded(stack));
  const of = (type: string) => resources.find((one) => one.type === `AWS::Backup::${type}`)!;
  const { IamRoleArn, Resources } = of('BackupSelection').properties.BackupSelection as {
    readonly IamRoleArn: string;
    readonly Resources: readonly string[];
  };
  const answer = await fetch(`${emulator.endpoint}/backup-jobs`, {
    method: 'PUT',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/backup/aws4_request' },
    body: JSON.stringify({ BackupVaultName: of('BackupVault').physicalId, IamRoleArn, ResourceArn: Resources[0] }),
  });
  if (!answer.ok) throw new Error(`the job could not be started: ${answer.status}: ${await answer.text()}`);
}
