import type { Emulator } from '../emulator/emulator';
import type { ScheduledRun } from '../emulator/scheduled-run';
import type { Docker } from './docker';

/** Limits and mounts of a container. */
export interface Limits {
  /** Cores. */
  readonly cpus: number;
  /** MiB. Swap is not given. */
  readonly memory: number;
  /** Image; the task definition's when left out. */
  readonly image?: string;
  /** Directory mounted in the place of the SQLite source's access point. */
  readonly data?: string;
}

/** End of a container. */
export interface Ended {
  readonly exitCode: number;
  /** Whether the kernel killed any process of it for its memory. */
  readonly outOfMemory: boolean;
  /** Both streams. */
  readonly log: string;
}

/** A task's container in the tests' own Docker engine. */
export class Container {
  private constructor(
    private readonly engine: Docker,
    private readonly id: string,
  ) {}

  /**
   * Starts it as Fargate would: the command and environment of the deployed task definition, a read-only root file
   * system, the image's own user, an empty scratch volume; and no capability at all.
   */
  static async start(engine: Docker, emulator: Emulator, run: ScheduledRun, limits: Limits): Promise<Container> {
    const { readonlyRootFilesystem, user } = run.container;
    if (!readonlyRootFilesystem)
      throw new Error('the deployed task definition must ask for a read-only root file system');
    const args = ['--network', 'host', '--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'];
    if (user !== undefined) args.push('--user', user);
    args.push('--cpus', `${limits.cpus}`, '--memory', `${limits.memory}m`, '--memory-swap', `${limits.memory}m`);
    for (const { sourceVolume, containerPath } of run.container.mountPoints ?? []) {
      if (sourceVolume === 'data') args.push('-v', `${limits.data}:${containerPath}`);
      // Anonymous: it takes the owner and mode that the image's VOLUME has, as a bind mount of Fargate does.
      else args.push('-v', containerPath!);
    }
    const environment = { ...run.environment, ...emulator.environmentOf(run.role) };
    for (const [name, value] of Object.entries(environment)) args.push('-e', `${name}=${value}`);
    const id = await engine.docker('run', '-d', ...args, limits.image ?? run.image, ...run.command);
    return new Container(engine, id);
  }

  /** Waits for its end, reads what it said, and removes it with its volumes. */
  async ended(): Promise<Ended> {
    const exitCode = Number(await this.engine.docker('wait', this.id));
    const outOfMemory = (await this.engine.docker('inspect', '-f', '{{.State.OOMKilled}}', this.id)) === 'true';
    const { stdout, stderr } = await this.engine.tryDocker('logs', this.id);
    await this.engine.docker('rm', '-v', this.id);
    return { exitCode, outOfMemory, log: stdout + stderr };
  }

  /** `docker stop`: the image's stop signal, then SIGKILL after 30 seconds, as ECS does. */
  async stop(): Promise<void> {
    await this.engine.docker('stop', '-t', '30', this.id);
  }
}
