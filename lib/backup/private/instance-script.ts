import {
  COMMAND_PARAMETERS,
  containerOf,
  HANDED_DIRECTORY,
  HOST_EXITS,
  RESTORE_PARAMETERS,
  runLine,
} from '../../../catalog/contract/instance';
import { commandOf, CONTAINER_NAME, DATA_DIRECTORY, ENV, SCRATCH_DIRECTORY } from '../../../catalog/contract/task';
import type { InstanceMount } from '../../database/private/bound-database';

/** What the script of a run is made of. Texts of users are checked already: no quote is in them. */
export interface ScriptParts {
  readonly action: 'dump' | 'restore';
  readonly source: string;
  readonly region: string;
  readonly image: string;
  /** `always` for a name that may get another image: what is on the instance runs only if the registry does not answer. */
  readonly pull: 'always' | 'missing';
  readonly logGroup: string;
  /** ARN of the role of the program. */
  readonly taskRole: string;
  /** ARN of the role that pulls the image and reads the secret. */
  readonly executionRole: string;
  /** The job as JSON, in Base64: no shell and no parameter of Systems Manager finds anything in it. */
  readonly job: string;
  /** ARN of the secret; left out if the engine has none. */
  readonly secret?: string;
  /** Which of its keys the program reads, as JSON in Base64. */
  readonly secretFile?: string;
  /** What is backed up, unless it is a server. */
  readonly mount?: InstanceMount;
  readonly network: string;
  readonly cpus: number;
  readonly memoryLimitMiB: number;
}

const { docker, awsCli, role, image, secret, container, lost, outOfMemory, killed, data, repeated } = HOST_EXITS;
const { trigger, scheduledTime, scheduleArn } = COMMAND_PARAMETERS;
/** User of the image. */
const USER = '10001:10001';
/** Files belong to anybody: root reads them, with no more capabilities than that takes. */
const ROOT = '0:0';
/** A quarter of a session: two more tries before it ends. */
const RENEW_SECONDS = 900;
/** Docker is waited for so long while somebody restarts it, and until a container has started. */
const RESTART_SECONDS = 300;
/** Before `docker`: a Docker that hangs ends no script. What looks is short; what moves or removes bytes is not. */
const [SHORT, LONG] = ['timeout 60', 'timeout 600'];

/**
 * The script that Systems Manager runs on the instance, as root. It is POSIX shell with Docker and the AWS CLI, and leaves nothing
 * behind but the image, and the mark of a restore, unless it is killed or Docker does not answer. Then the container stays with its
 * volume and its folder in /run, in which are the secret and credentials, for root alone, until a later backup removes them, or the
 * instance boots. Two sessions are taken on: one for the script, which pulls the image and reads the secret, and one for the program,
 * which adds to the prefix of its source, or reads it to restore. Roles that a role takes on last an hour, hence the renewal.
 */
export const scriptLines = (parts: ScriptParts): string[] =>
  [
    '#!/bin/sh',
    `# ${parts.action === 'dump' ? 'Backs up' : 'Restores'} ${parts.source}. docs/instances.md of cdk-proven-backups`,
    'set -uf',
    'umask 077',
    'PATH="$PATH:/usr/local/bin:/snap/bin"',
    ...variables({
      source: parts.source,
      image: parts.image,
      pull: parts.pull,
      task_role: parts.taskRole,
      execution_role: parts.executionRole,
      secret_id: parts.secret ?? '',
      data: parts.mount?.source ?? '',
      user: parts.mount ? ROOT : USER,
      AWS_REGION: parts.region,
      ...(parts.action === 'dump' && {
        [ENV.trigger]: `{{ ${trigger} }}`,
        [ENV.scheduledTime]: `{{ ${scheduledTime} }}`,
        [ENV.scheduleArn]: `{{ ${scheduleArn} }}`,
      }),
    }),
    ...(parts.action === 'dump'
      ? ['run=$(cat /proc/sys/kernel/random/uuid)']
      : [
          `run='{{ ${RESTORE_PARAMETERS.run} }}'`,
          `${ENV.restore}=$(echo '{{ ${RESTORE_PARAMETERS.request} }}' | base64 -d)`,
        ]),
    `${ENV.job}=$(echo '${parts.job}' | base64 -d)`,
    `${ENV.secretFile}=$(echo '${parts.secretFile ?? ''}' | base64 -d)`,
    'AWS_DEFAULT_REGION=$AWS_REGION',
    `export AWS_REGION AWS_DEFAULT_REGION ${variablesOf(parts).join(' ')}`,
    BODY.replace('@DATA@', parts.mount ? CHECKS[parts.mount.type] : '')
      .replace('@ONCE@', parts.action === 'restore' ? ONCE : '')
      .replace('@TIDY@', parts.action === 'dump' ? TIDY : '')
      .replace('@OPTIONS@', optionsOf(parts).join(' '))
      .replace('@COMMAND@', commandOf(parts.action).join(' ')),
  ].flatMap((text) => text.split('\n'));

/** Variables that the program gets from the script. */
const variablesOf = ({ action, secretFile }: ScriptParts): string[] => [
  ENV.job,
  ...(action === 'dump' ? [ENV.trigger, ENV.scheduledTime, ENV.scheduleArn] : [ENV.restore]),
  ...(secretFile === undefined ? [] : [ENV.secretFile]),
];

const variables = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([name, value]) => `${name}='${value}'`);

function optionsOf(parts: ScriptParts): string[] {
  const { network, cpus, memoryLimitMiB, logGroup, region, mount, action } = parts;
  return [
    `--network '${network}' --cpus ${cpus} --cpu-shares 128 --oom-score-adj 1000`,
    `--memory ${memoryLimitMiB}m --memory-swap ${memoryLimitMiB}m`,
    `--read-only --volume ${SCRATCH_DIRECTORY} --cap-drop ALL --security-opt no-new-privileges --stop-timeout 120`,
    ...(mount ? mountOptions(mount, action) : []),
    `--mount "type=bind,source=$folder/handed,destination=${HANDED_DIRECTORY},readonly"`,
    `--env AWS_REGION --env AWS_CONFIG_FILE=${HANDED_DIRECTORY}/config --env AWS_EC2_METADATA_DISABLED=true`,
    variablesOf(parts)
      .map((name) => `--env ${name}`)
      .join(' '),
    `--log-driver awslogs --log-opt awslogs-region='${region}' --log-opt awslogs-group='${logGroup}'`,
    `--log-opt awslogs-stream="$source/${CONTAINER_NAME}/$run" --log-opt mode=non-blocking --log-opt max-buffer-size=25m`,
  ];
}

/** A backup reads only, whatever the program may; and Docker would fill an empty volume from the image. */
function mountOptions({ type, capabilities, restoring }: InstanceMount, action: ScriptParts['action']): string[] {
  const [added, access] = action === 'dump' ? [capabilities, ',readonly'] : [restoring, ''];
  return [
    `--user "$user" ${added.map((name) => `--cap-add ${name}`).join(' ')}`,
    `--mount "type=${type},source=$data,destination=${DATA_DIRECTORY}${access}${type === 'volume' ? ',volume-nocopy' : ''}"`,
  ];
}

/** Docker would create a volume that is missing. */
const CHECKS = {
  bind: `[ -d "$data" ] || fail ${data} "there is no directory $data on this instance"`,
  volume: `${SHORT} docker volume inspect "$data" >/dev/null 2>&1 || fail ${data} "Docker shows no volume $data on this instance"`,
};

/**
 * SendCommand may be repeated, by who sends it or from the history of commands: what restores does so once. The mark stays until
 * the instance boots.
 */
const ONCE = `[ "$(date +%s)" -le '{{ ${RESTORE_PARAMETERS.notAfter} }}' ] || fail ${repeated} 'this restore was sent too long ago: start it anew'
mkdir "/run/proven-backups.restored.$run" 2>/dev/null || fail ${repeated} 'this restore was started already'`;

/**
 * Containers of runs that were interrupted, with their volumes, in which may be a plain copy of a database, and with what this script
 * handed to them.
 */
const TIDY = `an_hour_ago=$(date -u -d "@$(($(date +%s) - 3600))" +%Y-%m-%dT%H:%M:%S)
${SHORT} docker ps --all --quiet --filter status=exited --filter "name=^/?${containerOf('$source', '[0-9a-f-]{36}$')}" | while read -r old; do
  ${SHORT} docker inspect "$old" >"$folder/old"
  ended=$(sed -n 's/^ *"FinishedAt": "\\(.*\\)".*/\\1/p' "$folder/old")
  [ -n "$ended" ] && [ ! "$ended" '>' "$an_hour_ago" ] && ${LONG} docker rm --volumes "$old" >/dev/null 2>&1 || continue
  sed -n 's|^ *"Source": "\\(/run/proven-backups\\.[[:alnum:]]*\\)/handed".*|\\1|p' "$folder/old" | while read -r gone; do rm -rf "$gone"; done
done`;

const BODY = `
fail() { code=$1; shift; echo "$*" >&2; exit "$code"; }
command -v docker >/dev/null || fail ${docker} 'docker is not in PATH: install Docker'
${SHORT} docker version >/dev/null || fail ${docker} 'Docker does not answer: start it'
command -v aws >/dev/null || fail ${awsCli} 'aws is not in PATH: install the AWS CLI'
# The role of the instance, whoever else root or the agent is.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null
@DATA@
@ONCE@

name="${containerOf('$source', '$run')}"
# A file system in memory.
folder=$(mktemp -d /run/proven-backups.XXXXXX) || fail ${container} 'no folder can be made in /run'
# Its own container alone, whatever else has its name: prints it while it is there, and fails if Docker does not answer.
own() { [ ! -s "$folder/id" ] || ${SHORT} docker ps --all --quiet --filter "id=$(cat "$folder/id")" 2>/dev/null; }
leave() {
  [ ! -s "$folder/id" ] || ${LONG} docker rm --force --volumes "$(cat "$folder/id")" >/dev/null 2>&1
  # A container that goes on reads what it was handed.
  if left=$(own) && [ -z "$left" ]; then rm -rf "$folder"; fi
}
trap leave EXIT
trap 'exit 143' TERM INT HUP
mkdir "$folder/handed"
@TIDY@

session() { aws sts assume-role --role-arn "$1" --role-session-name "backup-$source" --duration-seconds 3600 --query "$2" --output "$3"; }
renew() {
  session "$task_role" '{Version: \`1\`, AccessKeyId: Credentials.AccessKeyId, SecretAccessKey: Credentials.SecretAccessKey, SessionToken: Credentials.SessionToken, Expiration: Credentials.Expiration}' json >"$folder/new" &&
    chown "$user" "$folder/new" && mv "$folder/new" "$folder/handed/credentials.json"
}
keys=$(session "$execution_role" 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' text) ||
  fail ${role} "the role of this instance may not take on $execution_role"
set -- $keys
key_id=$1 key=$2 token=$3
as_execution() { AWS_ACCESS_KEY_ID=$key_id AWS_SECRET_ACCESS_KEY=$key AWS_SESSION_TOKEN=$token "$@"; }
renew || fail ${role} "the role of this instance may not take on $task_role"
printf '[default]\\ncredential_process = cat ${HANDED_DIRECTORY}/credentials.json\\n' >"$folder/handed/config"

# Nothing if it is not here.
image_id() { ${SHORT} docker image inspect "$image" 2>/dev/null | sed -n 's/^ *"Id": "\\(.*\\)".*/\\1/p'; }
# Docker warns of passwords in files: this one is in memory.
login() { as_execution ${SHORT} aws ecr get-login-password | ${SHORT} docker --config "$folder/docker" login --username AWS --password-stdin "\${image%%/*}" >"$folder/said" 2>&1; }
old=$(image_id)
if [ "$pull" = always ] || [ -z "$old" ]; then
  # Without an image there is nothing else to run, however long it takes.
  limit= fault=
  [ -z "$old" ] || limit='${LONG}'
  case $image in *.dkr.ecr.*) login || { cat "$folder/said" >&2; fault='ECR did not let this instance in'; } ;; esac
  [ -n "$fault" ] || $limit docker --config "$folder/docker" pull --quiet "$image" >/dev/null || fault="the image $image could not be pulled"
  if [ -n "$fault" ]; then
    [ -n "$old" ] || fail ${image} "$fault"
    echo "$fault: the one that is here runs" >&2
  # Only without a tag: by its id Docker removes a last tag, too, and that is somebody else's.
  elif ${SHORT} docker images --quiet --no-trunc --filter dangling=true | grep -qxF "$old"; then
    ${LONG} docker rmi "$old" >/dev/null 2>&1
  fi
fi
if [ -n "$secret_id" ]; then
  as_execution aws secretsmanager get-secret-value --secret-id "$secret_id" --query SecretString --output text >"$folder/handed/secret" ||
    fail ${secret} "the secret $secret_id could not be read"
fi
chown -R "$user" "$folder/handed"

away() { fail ${lost} 'Docker did not answer for ${RESTART_SECONDS / 60} minutes'; }
timeout ${RESTART_SECONDS} docker run --detach --name "$name" --cidfile "$folder/id" @OPTIONS@ "$image" @COMMAND@ >/dev/null
# It may run, if Docker only hangs.
case $? in 0) ;; 124) away ;; *) fail ${container} 'Docker did not start the container' ;; esac
echo '${runLine('@')}' | sed "s/@/$run/"
until code=$(timeout ${RENEW_SECONDS} docker wait "$name"); do
  # A container may outlive a Docker that is restarted (live-restore).
  deadline=$(($(date +%s) + ${RESTART_SECONDS}))
  until there=$(own); do
    [ "$(date +%s)" -lt "$deadline" ] || away
    sleep 2
  done
  [ -n "$there" ] || fail ${lost} 'the container of the run is gone'
  renew || echo 'the credentials could not be renewed: this is tried again' >&2
  sleep 1
done
if [ "$code" != 0 ] && ${SHORT} docker inspect "$name" | grep -q '"OOMKilled": true'; then
  fail ${outOfMemory} 'the container ran out of memory'
fi
[ "$code" != 137 ] || fail ${killed} 'the container was killed'
exit "$code"`;
