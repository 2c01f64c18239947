import * as fs from 'node:fs';
import * as path from 'node:path';
import { Daemon, freePort, run, temporaryDirectory } from '../support/processes';
import { Guard, sentence } from './iam/guard';
import type { RecordedResource } from './names';
import { ACCOUNT, REGION } from './names';

export type { RecordedResource } from './names';
export { ACCOUNT, REGION } from './names';

/** The project's folder, from here and from the bundles in `dist/apps`. */
export const ROOT = path.resolve(__dirname, '../..');
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** An email that a confirmed subscription received. */
export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Outputs of stacks: by stack name, by output name. */
export type Outputs = Record<string, Record<string, string>>;

/** An emulated AWS on a free port of the loopback address, and the real CDK CLI pointed at it. */
export class Emulator {
  /** Ends a CDK CLI that is still running. */
  private readonly stopping = new AbortController();

  private constructor(
    readonly endpoint: string,
    /** Enforces the policies that are deployed. */
    readonly guard: Guard,
    /** Home of the CDK CLI, and every file of a run. Removed by {@link stop}. */
    readonly directory: string,
    private readonly daemon: Daemon,
  ) {}

  /** Starts it: about two seconds. */
  static async start(): Promise<Emulator> {
    const python = path.join(ROOT, '.venv/bin/python');
    if (!fs.existsSync(python)) throw new Error(`${python} is missing: run: npm run setup`);
    const directory = temporaryDirectory('emulator');
    const port = await freePort();
    const guard = await Guard.start(`http://127.0.0.1:${port}`);
    const endpoint = `http://127.0.0.1:${guard.port}`;
    const environment = {
      ...{ PATH: process.env.PATH, HOME: directory, TMPDIR: directory, PYTHONDONTWRITEBYTECODE: '1' },
      ...{ BIND_HOST: '127.0.0.1', MINISTACK_HOST: '127.0.0.1', GATEWAY_PORT: String(guard.port) },
      EMULATOR_PORT: String(port),
      // Custom resources of the CDK find the SDK here, as they do in Lambda.
      NODE_PATH: path.join(ROOT, 'node_modules'),
      NODE_OPTIONS: ['moved-clock', 'attribution']
        .map((file) => `--require=${path.join(ROOT, `test/emulator/${file}.cjs`)}`)
        .join(' '),
      EMULATOR_CLOCK: path.join(directory, 'clock'),
    };
    const daemon = await Daemon.start(
      python,
      [path.join(ROOT, 'test/emulator/launcher.py')],
      { logFile: path.join(directory, 'emulator.log'), env: environment },
      async () => {
        const answer = await fetch(`${endpoint}/_ministack/health`);
        if (!answer.ok) throw new Error(`health: ${answer.status}`);
      },
    );
    return new Emulator(endpoint, guard, directory, daemon);
  }

  /** Settings for a client of the AWS SDK, to whom everything is allowed. */
  get client() {
    return this.clientOf(CREDENTIALS.accessKeyId);
  }

  /** Settings for a client of the AWS SDK that has what is deployed for a role, a function or a person. */
  clientOf(name: string) {
    return { endpoint: this.endpoint, region: REGION, credentials: { ...CREDENTIALS, accessKeyId: name } };
  }

  /** Environment that points the AWS CLI, the CDK CLI and any SDK at the emulator, and at nothing else. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  /** The same for a process that has what is deployed for a role or a person. */
  environmentOf(name: string): Record<string, string> {
    return { ...this.environment, AWS_ACCESS_KEY_ID: name };
  }

  /** `cdk bootstrap`. */
  async bootstrap(): Promise<void> {
    await this.cdk(['bootstrap', `aws://${ACCOUNT}/${REGION}`]);
  }

  /**
   * `cdk deploy`.
   *
   * @param app command that synthesises the app, as {@link appCommand} gives it
   * @param stacks names of stacks; all when left out
   * @param environment variables for the app
   */
  async deploy(
    app: string,
    stacks: readonly string[] = [],
    environment: Record<string, string> = {},
  ): Promise<Outputs> {
    const outputs = path.join(this.directory, 'outputs.json');
    fs.rmSync(outputs, { force: true });
    const args = ['--require-approval', 'never', '--outputs-file', outputs];
    await this.cdk(['deploy', ...this.of(app, stacks), ...args], environment);
    await this.guard.check();
    return fs.existsSync(outputs) ? (JSON.parse(fs.readFileSync(outputs, 'utf8')) as Outputs) : {};
  }

  /** `cdk destroy`. */
  async destroy(app: string, stacks: readonly string[] = [], environment: Record<string, string> = {}): Promise<void> {
    await this.cdk(['destroy', ...this.of(app, stacks), '--force'], environment);
  }

  /** Resources of a deployed stack, by logical id. */
  async recorded(stack: string): Promise<Record<string, RecordedResource>> {
    const stacks = await this.allRecorded();
    const found = stacks[stack];
    if (!found) throw new Error(`stack ${stack} is not deployed; deployed are: ${Object.keys(stacks).join(', ')}`);
    return found;
  }

  /** Resources of all deployed stacks, by the name of the stack. */
  async recordedStacks(): Promise<Record<string, RecordedResource[]>> {
    const stacks = Object.entries(await this.allRecorded());
    return Object.fromEntries(stacks.map(([name, resources]) => [name, Object.values(resources)]));
  }

  /** The time of the emulated AWS. */
  async now(): Promise<Date> {
    return new Date((await this.control<{ now: number }>('POST', '/_clock', { seconds: 0 })).now * 1000);
  }

  /** Moves the clock of the emulated AWS forward: of S3's answers, metrics, alarms and queues. */
  async moveClock(seconds: number): Promise<void> {
    await this.control('POST', '/_clock', { seconds });
  }

  /** Evaluates every alarm. Returns their states, by name. */
  evaluateAlarms(): Promise<Record<string, 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'>> {
    return this.control('POST', '/_alarms/evaluate');
  }

  /** Fires the schedules that are due, except those of ECS tasks. Returns their names. */
  fireSchedules(): Promise<string[]> {
    return this.control('POST', '/_schedules/fire');
  }

  /** Emails that confirmed subscriptions received, oldest first. */
  emails(): Promise<Email[]> {
    return this.control('GET', '/_emails');
  }

  /** Confirms pending email subscriptions, as their readers do. Returns how many there were. */
  async confirmEmails(endpoint?: string): Promise<number> {
    return (await this.control<{ confirmed: number }>('POST', '/_emails/confirm', { endpoint })).confirmed;
  }

  /**
   * Stops it and removes all its files.
   *
   * @throws Error if something was refused that no test has tried
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.daemon.stop('SIGKILL');
    this.guard.stop();
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
    const refused = this.guard.denials.map(sentence);
    if (refused.length > 0) throw new Error(`refused by the deployed policies:\n${refused.join('\n')}`);
  }

  private allRecorded(): Promise<Record<string, Record<string, RecordedResource>>> {
    return this.control('GET', '/_recorded');
  }

  private async control<T>(method: 'GET' | 'POST', path: string, parameters?: object): Promise<T> {
    const body = parameters && JSON.stringify(parameters);
    const answer = await fetch(`${this.endpoint}${path}`, { method, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  private of(app: string, stacks: readonly string[]): string[] {
    const chosen = stacks.length > 0 ? stacks : ['--all'];
    return [...chosen, '--app', app, '--output', path.join(this.directory, 'cdk.out')];
  }

  private async cdk(args: readonly string[], environment: Record<string, string> = {}): Promise<void> {
    const cli = path.join(ROOT, 'node_modules/aws-cdk/bin/cdk');
    const quiet = ['--no-notices', '--no-color', '--progress', 'events'];
    // Of this process's environment only PATH: a profile or an account of the user's must never be met.
    const bin = path.join(ROOT, 'node_modules/.bin');
    const own = { PATH: `${bin}:${process.env.PATH}`, HOME: this.directory, TMPDIR: this.directory };
    const switches = { CI: '1', CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DEFAULT_ACCOUNT: ACCOUNT };
    const env = { ...own, ...this.environment, ...switches, ...environment };
    const options = { cwd: this.directory, env, signal: this.stopping.signal };
    await run(process.execPath, [cli, ...args, ...quiet], options);
  }
}

/**
 * The command for `cdk --app` that runs an app written in TypeScript in this repository.
 *
 * @param entry path of the app, from the project's folder
 */
export async function appCommand(entry: string): Promise<string> {
  const outfile = await run(process.execPath, [path.join(ROOT, 'scripts/bundle-app.mjs'), entry], { cwd: ROOT });
  return `node "${outfile}"`;
}
