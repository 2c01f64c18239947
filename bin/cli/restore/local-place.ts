/** Restores from this machine: the program of this package runs as a process of its own. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { RestoreJob, RestoreRequest } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { CommandError } from '../errors';
import { LOCAL_TIMEOUT_SECONDS, missingOf, requireLocalProgram, startLocal } from '../program-run/local-run';
import { dockerTools } from './docker-tools';
import { RESTORE_FACTS } from './log-facts';
import type { LocalTarget } from './local-target';
import { PASSWORD_VARIABLE } from './local-password';
import type { RestorePlace, RestoreRun } from './place';

/** What a restore from this machine needs. */
export interface LocalRestore {
  readonly source: string;
  readonly engine: string;
  readonly bucket: string;
  readonly region?: string;
  readonly target: LocalTarget;
  /** Image that has the engine's tools; this machine has them when left out. */
  readonly image?: string;
  /** Text of private keys. */
  readonly identity?: string | undefined;
  /** The key of the repository, of backups that are in one. */
  readonly repositoryKey?: string | undefined;
}

/**
 * Refuses a machine that cannot restore.
 *
 * @param image that has the engine's tools; this machine itself when left out
 * @param tools that the restore needs
 * @throws CommandError
 */
export function requireLocalTools(engine: string, image: string | undefined, tools: readonly string[] = []): void {
  requireLocalProgram(engine, image === undefined ? tools : [], ', or use --docker');
  if (image === undefined || missingOf(['docker']).length === 0) return;
  throw new CommandError('--docker needs docker, which is not in PATH: install Docker, or leave --docker out');
}

/** This machine. */
export class LocalPlace implements RestorePlace {
  readonly target: string;

  constructor(private readonly restore: LocalRestore) {
    this.target = restore.target.title;
  }

  start(request: RestoreRequest): Promise<RestoreRun> {
    const { source, engine, bucket, region, target, image, identity, repositoryKey } = this.restore;
    const { server, file, credentials } = target;
    const scratchDirectory = mkdtempSync(path.join(tmpdir(), 'proven-backups-'));
    const job: RestoreJob = {
      ...{ action: 'restore', source, engine, bucket, timeoutSeconds: LOCAL_TIMEOUT_SECONDS, scratchDirectory },
      ...(server && { server }),
      ...(file !== undefined && { file }),
    };
    const tools = image === undefined ? [] : [dockerTools(engine, image, scratchDirectory)];
    const run = startLocal('restore', {
      scratch: scratchDirectory,
      env: {
        PATH: [...tools, process.env.PATH].join(path.delimiter),
        [PASSWORD_VARIABLE]: undefined,
        ...(region !== undefined && { AWS_REGION: region }),
        ...{ [ENV.job]: JSON.stringify(job), [ENV.restore]: JSON.stringify(request) },
        [ENV.identity]: identity,
        [ENV.repositoryKey]: repositoryKey,
        ...(credentials && { [ENV.username]: credentials.username, [ENV.password]: credentials.password }),
      },
      reader: RESTORE_FACTS,
    });
    return Promise.resolve(run);
  }
}
