/** Events of AWS Backup, in the form of its documentation. */
import { eventOf, FILE_SYSTEM } from './message';

const VAULT = 'arn:aws:backup:eu-west-1:123456789012:backup-vault:acme-vault';
export const COPIES = 'arn:aws:backup:eu-central-1:123456789012:backup-vault:copies';

const JOB = {
  creationDate: '2026-11-20T02:00:12.392Z',
  iamRoleArn: 'arn:aws:iam::123456789012:role/acme-Role',
  resourceArn: FILE_SYSTEM,
  resourceType: 'EFS',
};

/** Without a message of its own, AWS Backup leaves it out, or sends an empty one. */
export const backupJob = (state: string, message?: string, more: object = {}) =>
  eventOf('aws.backup', 'Backup Job State Change', {
    backupJobId: '34176239-e96d-4e1d-9fad-529dbb3c3556',
    backupVaultArn: VAULT,
    backupVaultName: 'acme-vault',
    bytesTransferred: '0',
    ...JOB,
    state,
    ...(message !== undefined && { statusMessage: message }),
    startBy: '2026-11-20T10:00:12.392Z',
    percentDone: 0,
    ...more,
  });

export const copyJob = (state: string, message?: string, more: object = {}) =>
  eventOf('aws.backup', 'Copy Job State Change', {
    copyJobId: '47C8EF56-74D8-059D-1301-C5BE1D5C926E',
    backupSizeInBytes: 22_548_578_304,
    ...JOB,
    sourceBackupVaultArn: VAULT,
    state,
    ...(message !== undefined && { statusMessage: message }),
    destinationBackupVaultArn: COPIES,
    destinationRecoveryPointArn: {},
    ...more,
  });
