/** Tests a backup on this machine, with the engine's own programs of this machine. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { ProveJob } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { findEngine } from '../../../engines/facts';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import type { ChosenBackup } from '../aws/choose-backup';
import { CommandError, EXIT } from '../errors';
import { LOCAL_TIMEOUT_SECONDS, requireLocalProgram, startLocal } from '../program-run/local-run';
import type { ProgramRun } from '../program-run/run';
import { repositoryKeyOf } from '../restore/repository-key';
import type { ProofFact } from './facts';
import { PROOF_FACTS } from './facts';

/** A test on this machine. */
export interface LocalProof {
  readonly bucket: string;
  readonly backup: ChosenBackup;
  readonly region?: string;
  /** Whether the verdict is stored, as far as the caller may. */
  readonly store: boolean;
  /** Text of private keys. */
  readonly identity: string | undefined;
}

/**
 * Starts a test.
 *
 * @throws CommandError if this machine cannot test the backup
 */
export async function startLocalProof(
  aws: Aws,
  { bucket, backup, region, store, identity }: LocalProof,
): Promise<ProgramRun<ProofFact>> {
  const { engine, source, backupId } = backup.manifest;
  const facts = findEngine(engine);
  if (!facts)
    throw new CommandError(
      `backup ${backupId} is of the engine ${engine}, of which this version of cdk-proven-backups can test none: update cdk-proven-backups`,
      EXIT.untested,
    );
  const { server, restoreTools = [], proof } = facts;
  const tools = backup.manifest.repository ? ['restic'] : [...restoreTools, ...proof.tools];
  const dumpTools = server ? [server.dumpTool.name, ...(server.dumpTool.companions ?? [])] : [];
  requireLocalProgram(engine, [...new Set([...dumpTools, ...tools])]);
  const keyArn = await keyOf(aws, bucket, backup);
  // Small letters only: see `makeScratch`.
  const scratchDirectory = path.join(tmpdir(), `proven-backups-${randomUUID().slice(0, 8)}`);
  mkdirSync(scratchDirectory, { mode: 0o700 });
  const job: ProveJob = {
    ...{ action: 'prove', source, backupId, bucket, keyArn, scratchDirectory, timeoutSeconds: LOCAL_TIMEOUT_SECONDS },
    store: store ? 'if-allowed' : 'never',
  };
  const env = {
    [ENV.job]: JSON.stringify(job),
    [ENV.identity]: identity,
    [ENV.repositoryKey]: await repositoryKeyOf(aws, backup.manifest),
    ...(region !== undefined && { AWS_REGION: region }),
  };
  return startLocal('prove', { scratch: scratchDirectory, env, reader: PROOF_FACTS });
}

/** The key of the manifest: with the same, the verdict is encrypted. */
async function keyOf(aws: Aws, Bucket: string, { folder, manifest }: ChosenBackup): Promise<string> {
  const wish = { doing: `read the manifest of backup ${manifest.backupId}`, action: 's3:GetObject and kms:Decrypt' };
  const command = new HeadObjectCommand({ Bucket, Key: folder.manifest!.key });
  const { SSEKMSKeyId = 'alias/aws/s3' } = await ask(wish, () => aws.s3().send(command));
  return SSEKMSKeyId;
}
