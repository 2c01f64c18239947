import type { Manifest } from '../../../catalog/bucket/manifest';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import type { Aws } from '../aws/aws';
import { readDirectory } from '../aws/directory';
import type { RestoreOptions } from '../commands/restore-options';
import { CommandError, UsageError } from '../errors';
import type { Output } from '../print/output';
import { findEngine, type EngineFacts } from '../../../engines/facts';
import { identityIn, requireIdentity } from './identity-file';
import { InstancePlace } from './instance-place';
import { LocalPlace, requireLocalTools } from './local-place';
import { passwordOf } from './local-password';
import type { LocalTarget } from './local-target';
import { fileTarget, serverTarget } from './local-target';
import type { RestorePlace } from './place';
import { repositoryKeyOf } from './repository-key';
import { TaskPlace } from './task-place';

/** Where to restore, and what can make a safety backup there. */
export interface PlaceAndDump {
  readonly place: RestorePlace;
  /** What dumps the source; left out on this machine, where the program itself makes the safety backup. */
  readonly dump?: () => StartableTask | InstanceCommand;
}

/**
 * The place that the options name.
 *
 * @throws CommandError if nothing can be restored there
 */
export async function placeOf(
  aws: Aws,
  bucket: string,
  manifest: Manifest,
  options: RestoreOptions,
  output: Output,
): Promise<PlaceAndDump> {
  const { engine, source, backupId, serverVersion } = manifest;
  const facts = findEngine(engine);
  if (!facts)
    throw new CommandError(
      `backup ${backupId} is of the engine ${engine}, which this version of cdk-proven-backups does not know: update cdk-proven-backups`,
    );
  if (!options.local) {
    const directory = await readDirectory(aws.ssm(), bucket);
    const tell = (text: string): void => output.tell(text);
    const command = directory.command(source);
    if (command?.restore !== undefined) {
      const place = new InstancePlace(aws, source, command, command.restore, tell);
      return { place, ...(options.overwrite && { dump: () => place.dump }) };
    }
    const { task } = directory.task(source, 'restore');
    const place = new TaskPlace(aws, source, task, tell);
    if (!options.overwrite) return { place };
    const { task: dump } = directory.task(source, 'dump');
    return { place, dump: () => dump };
  }
  const image = options.docker === true ? imageOf(facts, serverVersion) : options.docker;
  requireLocalTools(engine, image, manifest.repository ? ['restic'] : facts.restoreTools);
  const identity = identityIn(options.identity);
  requireIdentity(manifest, identity);
  const target = await targetOf(engine, facts.server !== undefined, options, output);
  const repositoryKey = await repositoryKeyOf(aws, manifest);
  const local = { source, engine, bucket, region: options.region, target, identity: identity?.text, repositoryKey };
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
