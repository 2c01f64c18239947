import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import type { Emulator } from '../emulator/emulator';
import type { Docker, Finished } from './docker';
import { run } from './docker';
import { NODE_BINARY } from './stand-ins';

/** A document as it is deployed. */
export interface DeployedDocument {
  readonly parameters: Readonly<
    Record<string, { readonly default?: string; readonly allowedPattern?: string; readonly allowedValues?: string[] }>
  >;
  readonly mainSteps: readonly [{ readonly inputs: { readonly runCommand: readonly string[] } }];
}

/** Path of a program of this machine. */
function programOf(name: string): string {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

const BASICS = ['base64', 'cat', 'chown', 'date', 'grep', 'mkdir', 'mv', 'rm', 'sed', 'sleep', 'timeout'];

/** Values of parameters. */
export type Values = Readonly<Record<string, readonly string[]>>;

/** File beside `docker` with its command lines. */
const DOCKER_ARGUMENTS = 'arguments';

/** The `docker` of an engine, which only adds where the emulated services are. */
export const dockerOf = ({ endpoint }: Emulator, { env: { DOCKER_HOST = '' } }: Docker): string =>
  `export DOCKER_HOST='${DOCKER_HOST}'
case $1 in
run)
  shift
  set -- run --log-opt awslogs-endpoint=${endpoint} --env AWS_ENDPOINT_URL=${endpoint} "$@"
  printf '%s\\n' "$@" >>"\${0%/*}/${DOCKER_ARGUMENTS}"
  ;;
esac
exec "${programOf('docker')}" "$@"`;

/**
 * An EC2 instance with Docker and the AWS CLI. Its SSM Agent runs documents: this machine's shell, with an `aws` that asks the
 * emulated services as the role of the instance.
 */
export class Instance {
  private readonly tools: string;

  /**
   * @param role name of its role
   * @param docker shell script of its `docker`
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly role: string,
    docker: string,
  ) {
    this.tools = path.join(emulator.directory, `instance-${role}`);
    mkdirSync(this.tools, { recursive: true });
    this.tool(
      'aws',
      `if [ "$1" = sts ]; then printf . >>"${this.sessionsFile}"; fi
# As the CLI looks for credentials: the role of the instance comes last.
[ -n "\${AWS_ACCESS_KEY_ID:-}" ] || [ -s "\${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}" ] ||
  export AWS_ACCESS_KEY_ID='${role}' AWS_SECRET_ACCESS_KEY='${emulator.environment.AWS_SECRET_ACCESS_KEY}'
exec "${NODE_BINARY}" "${path.join(__dirname, 'stand-ins/aws.cjs')}" "$@"`,
    );
    this.tool(
      'mktemp',
      `made=$("${programOf('mktemp')}" "$@") && echo "$made" >>"${this.foldersFile}" && echo "$made"`,
    );
    this.tool('docker', `[ ! -e "${this.downFile}" ] || { echo 'Docker is down' >&2; exit 1; }\n${docker}`);
    const credentials = ['aws_access_key_id = ops', 'aws_secret_access_key = ops'];
    mkdirSync(path.join(this.tools, '.aws'), { recursive: true });
    writeFileSync(
      path.join(this.tools, '.aws/credentials'),
      ['[default]', ...credentials, '[ops]', ...credentials].join('\n'),
    );
  }

  /** Ends Docker beside its containers, or starts it again. */
  setDocker(isUp: boolean): void {
    if (isUp) rmSync(this.downFile, { force: true });
    else writeFileSync(this.downFile, '');
  }

  /** Command lines that `docker run` got. */
  get dockerArguments(): string {
    return readFileSync(path.join(this.tools, DOCKER_ARGUMENTS), 'utf8');
  }

  /** How many sessions of roles it has taken on. */
  get sessions(): number {
    return existsSync(this.sessionsFile) ? readFileSync(this.sessionsFile, 'utf8').length : 0;
  }

  /** Removes a program. */
  uninstall(name: 'aws' | 'docker'): void {
    rmSync(path.join(this.tools, name));
  }

  /** What runs have left in the file system in memory. Others may have instances on this machine. */
  get leftovers(): string[] {
    if (!existsSync(this.foldersFile)) return [];
    return readFileSync(this.foldersFile, 'utf8')
      .split('\n')
      .filter((folder) => folder !== '' && existsSync(folder));
  }

  /**
   * Runs a document as the agent does.
   *
   * @param change changes the script, for what nobody waits for
   */
  async run(document: DeployedDocument, values: Values, change = (script: string) => script): Promise<Finished> {
    const script = change(scriptOf(document, values));
    const file = path.join(this.tools, '_script.sh');
    writeFileSync(file, script, { mode: 0o700 });
    const env = {
      ...this.emulator.environmentOf(this.role),
      // Root has credentials of its own, and so may have whoever started the agent.
      ...{ HOME: this.tools, AWS_PROFILE: 'ops', AWS_ACCESS_KEY_ID: 'ops', AWS_SECRET_ACCESS_KEY: 'ops' },
      // Not the programs of this machine, of which it has those that every Linux has.
      PATH: `${this.tools}:${this.basics()}`,
    };
    return run(['/bin/sh', file], env);
  }

  /** Programs of every Linux. */
  private basics(): string {
    const folder = path.join(this.tools, 'basics');
    if (existsSync(folder)) return folder;
    mkdirSync(folder);
    for (const name of BASICS) symlinkSync(programOf(name), path.join(folder, name));
    return folder;
  }

  private get sessionsFile(): string {
    return path.join(this.tools, 'sessions');
  }

  private get downFile(): string {
    return path.join(this.tools, '_down');
  }

  private get foldersFile(): string {
    return path.join(this.tools, '_folders');
  }

  private tool(name: string, script: string): void {
    writeFileSync(path.join(this.tools, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
}

/** The script with the values of its parameters, as Systems Manager checks and replaces them. */
function scriptOf({ parameters, mainSteps }: DeployedDocument, values: Values): string {
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(parameters, name));
  if (unknown.length > 0) throw new Error(`InvalidParameters: ${unknown.join(', ')}`);
  const script = mainSteps[0].inputs.runCommand.join('\n');
  return script.replace(/\{\{\s*([\w.:-]+)\s*\}\}/g, (_, name: string) => {
    const parameter = parameters[name];
    if (!parameter) throw new Error(`InvalidDocumentContent: ${name} is no parameter`);
    const [value = parameter.default ?? ''] = values[name] ?? [];
    const { allowedPattern: pattern, allowedValues: allowed } = parameter;
    if ((pattern !== undefined && !new RegExp(pattern).test(value)) || (allowed && !allowed.includes(value)))
      throw new Error(`InvalidParameters: ${name}: ${value}`);
    return value;
  });
}

/** The values that a schedule sends. */
export function valuesOf({ Arn, Target }: GetScheduleOutput, scheduledTime: string): Values {
  const input = (Target?.Input ?? '')
    .replaceAll('<aws.scheduler.scheduled-time>', scheduledTime)
    .replaceAll('<aws.scheduler.schedule-arn>', Arn!);
  return (JSON.parse(input) as { readonly Parameters: Values }).Parameters;
}
