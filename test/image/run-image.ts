import type { DumpJob, ProveJob, RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import type { SmallS3 } from '../support/small-s3';
import type { Docker } from './docker';

/** What a run gets beside its job. */
export interface ImageRun {
  readonly job: DumpJob | ProveJob | RestoreJob;
  readonly request?: RestoreRequest;
  readonly user?: { readonly username: string; readonly password: string };
  /** More options of `docker run`. */
  readonly limits?: readonly string[];
}

/** Runs the program of an image to its end, as a task would: read-only, without a capability, as the image's own user. */
export async function runImage(
  docker: Docker,
  s3: SmallS3,
  image: string,
  { job, request, user, limits = [] }: ImageRun,
): Promise<{ readonly code: number; readonly log: string }> {
  const environment = {
    ...s3.environment,
    [ENV.job]: JSON.stringify(job),
    ...(request && { [ENV.restore]: JSON.stringify(request) }),
    ...(user && { [ENV.username]: user.username, [ENV.password]: user.password }),
  };
  const given = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const own = ['--network', 'host', '--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'];
  const program = ['/opt/proven-backups/node', '/opt/proven-backups/main.js', job.action];
  const ended = await docker.tryDocker('run', '--rm', ...own, ...limits, ...given, image, ...program);
  return { code: ended.code, log: ended.stdout + ended.stderr };
}
