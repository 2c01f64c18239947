/**
 * A restore test runs what the owners of a database have written, as a superuser of a server in this container. `/proc` shows
 * them the environment that a process was started with: it must not tell where the credentials of the task's role are.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { fromHttp } from '@aws-sdk/credential-provider-http';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { ENV } from '../../catalog/contract/task';
import { BackupError, errorText } from '../run/errors';

/** Node.js opens a debugger, which may read everything, to whoever sends it this signal. */
export const refuseDebugger = (): void => void process.on('SIGUSR1', () => undefined);

/** What leads to credentials, or is some. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
const SECRET =
  /^(?:AWS_CONTAINER_|AWS_ACCESS_KEY_ID$|AWS_SECRET_ACCESS_KEY$|AWS_SESSION_TOKEN$|AWS_SECURITY_TOKEN$|ECS_CONTAINER_METADATA_URI|ECS_AGENT_URI$|DATABASE_)/;
/** Keys that open backups. */
const BACKUP_KEYS: readonly string[] = [ENV.identity, ENV.repositoryKey];
/** Names the file with the variables that were taken. */
const HANDED_OVER = 'PROVEN_BACKUPS_HANDED_OVER';

/** Variables that no process of this container is to see. */
export type TakenEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Takes the credentials, and the addresses that give some, out of the environment of this process for good: the program starts
 * itself again without them, as the same process, and gets them by a file that it removes at once. No child exists by then.
 *
 * @param directory where it may write
 * @returns what was taken, once the program has started again
 * @throws BackupError `configuration` if the directory cannot be written to
 */
export function takeEnvironment(directory: string): TakenEnvironment {
  const { [HANDED_OVER]: file, ...environment } = process.env;
  if (file !== undefined) {
    const taken = JSON.parse(readFileSync(file, 'utf8')) as TakenEnvironment;
    rmSync(file);
    delete process.env[HANDED_OVER];
    return taken;
  }
  const names = Object.keys(environment).filter((name) => SECRET.test(name) || BACKUP_KEYS.includes(name));
  const taken = Object.fromEntries(names.map((name) => [name, environment[name]]));
  for (const name of names) {
    delete environment[name];
    delete process.env[name];
  }
  // Windows has neither `/proc` nor a way to go on as another program.
  if (names.length === 0 || process.platform === 'win32' || !process.execve) return taken;
  const path = join(directory, `.handed-over-${randomUUID()}`);
  try {
    writeFileSync(path, JSON.stringify(taken), { mode: 0o600, flag: 'wx' });
    const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    return process.execve(process.execPath, args, { ...environment, [HANDED_OVER]: path });
  } catch (error) {
    rmSync(path, { force: true });
    throw new BackupError(
      'configuration',
      `the program could not put its credentials out of reach: ${errorText(error)}; mount a volume at ${directory} that its user may write to`,
      { kind: 'scratch-not-writable', object: directory, said: errorText(error) },
    );
  }
}

/** Credentials from what was taken; where nothing was, the SDK looks for some in its own way: a profile. */
export function credentialsOf(taken: TakenEnvironment): S3ClientConfig['credentials'] {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = taken;
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return {
      ...{ accessKeyId, secretAccessKey },
      ...(taken.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: taken.AWS_SESSION_TOKEN }),
    };
  const relative = taken.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const full = taken.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (relative === undefined && full === undefined) return undefined;
  return fromHttp({
    ...(relative === undefined ? {} : { awsContainerCredentialsRelativeUri: relative }),
    ...(full === undefined ? {} : { awsContainerCredentialsFullUri: full }),
    awsContainerAuthorizationToken: taken.AWS_CONTAINER_AUTHORIZATION_TOKEN!,
    awsContainerAuthorizationTokenFile: taken.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE!,
  });
}
