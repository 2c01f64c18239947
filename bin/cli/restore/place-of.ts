import type { Manifest } from '../../../catalog/bucket/manifest';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import type { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import type { RestoreOptions } from '../commands/restore-options';
import { CommandError, UsageError } from '../errors';
import type { Output } from '../print/output';
import { findEngine, type EngineFacts } from '../../../engines/facts';
import { LocalPlace, requireLocalTools } from './local-place';
import { passwordOf } from './local-password';
import type { LocalTarget } from './local-target';
import { fileTarget, serverTarget } from './local-target';
import type { RestorePlace } from './place';
import { TaskPlace } from './task-place';

/** Where to restore, and what can make a safety backup there. */
export interface PlaceAndDump {
  readonly place: RestorePlace;
  /** The task that dumps the source; left out on this machine, where the program itself makes the safety backup. */
  readonly dump?: StartableTask;
}

/**
 * The place that the options name.
 *
 * @throws CommandError if nothing can be restored there
 */
export async function placeOf(
  aws: Aws,
  bucket: string,
  { engine, source, backupId, serverVersion }: Manifest,
  options: RestoreOptions,
  output: Output,
): Promise<PlaceAndDump> {
  const facts = findEngine(engine);
  if (!facts)
    throw new CommandError(
      `backup ${backupId} is of the engine ${engine}, which this version of cdk-proven-backups does not know: update cdk-proven-backups`,
    );
  if (!options.local) {
    const directory = await readDirectory(aws.ssm(), bucket);
    const { task } = directory.task(source, 'restore');
    const place = new TaskPlace(aws, source, task, (text) => output.tell(text));
    return { place, ...(options.overwrite && { dump: directory.task(source, 'dump').task }) };
  }
  const image = options.docker === true ? imageOf(facts, serverVersion) : options.docker;
  requireLocalTools(engine, image);
  const target = await targetOf(engine, facts.server !== undefined, options, output);
  const local = { source, engine, bucket, region: options.region, target };
  return { place: new LocalPlace({ ...local, ...(image !== undefined && { image }) }) };
}

/** The official image of a server, which has its tools. */
function imageOf({ title, image, server }: EngineFacts, serverVersion: string): string {
  if (!server) throw new UsageError(`--docker is about the client of a server, and ${title} has none: leave it out`);
  const numbers = serverVersion.match(/\d+/g) ?? [];
  return image(numbers.slice(0, server.majorVersionParts).join('.'));
}

async function targetOf(
  engine: string,
  hasServer: boolean,
  options: RestoreOptions,
  { streams }: Output,
): Promise<LocalTarget> {
  if (!hasServer) {
    const file = fileTarget(options);
    return { title: file, file };
  }
  const target = serverTarget(engine, options);
  const { server, username } = target;
  const password = await passwordOf(target, options.optionFile, streams);
  return { title: `${username} at ${server.host}:${server.port}`, server, credentials: { username, password } };
}
