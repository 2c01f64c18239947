import * as path from 'node:path';
import type { DumpJob, FilesJob } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import { filesJob } from '../support/job';
import type { RestoreScene, Surroundings } from './support';

/** Where the set-up has built restic. */
export const TOOLS = path.resolve(__dirname, '../../.tools/restic/bin');

export const REPOSITORY_KEY = 'the key of a repository, in a test';
/** The bucket of the scene: repositories are beside the backups, and their keys begin with another name. */
export const REPOSITORIES = 'backups';

/** A program with restic and the key of the repository, or another one. */
export const withKey = (key: string | undefined = REPOSITORY_KEY): Surroundings => ({
  toolsDirectory: TOOLS,
  environment: { [ENV.repositoryKey]: key },
});

/** A job whose backups are in a repository. */
export const incrementalJob = (scene: RestoreScene, root: string, source: string, files?: FilesJob): DumpJob => ({
  ...filesJob(root, scene.place(source), files),
  repository: { bucket: REPOSITORIES, secret: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${source}` },
});
