import { Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { InstanceTarget } from '../../catalog/contract/instance';
import { fault, requireProps, requireRange } from '../private/fault';
import type { BoundInstanceRunner } from './private/bound-runner';

/** Properties of runs on an EC2 instance. Either `instanceId` or `tags` says which one. */
export interface InstanceRunnerProps {
  /**
   * Role of the instance. It may take on the roles of these backups, which may only add to their own prefixes, and write their
   * logs; nothing else is granted to it.
   */
  readonly role: iam.IRole;

  /**
   * Id of the instance.
   *
   * @default - the instance that has `tags`
   */
  readonly instanceId?: string;

  /**
   * Tags of the instance. It must have all of them, and no other instance may: of several, one after the other would back up. 1 to 5.
   *
   * @default - the instance is given by `instanceId`
   */
  readonly tags?: { [key: string]: string };

  /**
   * Network of Docker in which the run reaches the database: `host`, where published ports are on the loopback address; the name of
   * a network, where containers are reached by their names; or `container:<name>`, whose loopback address it shares.
   *
   * @default - host for servers; for SQLite and files bridge, Docker's own network, which reaches nothing of the host
   */
  readonly network?: string;

  /**
   * Processors that a run may use at most. 0.1 to 64. It also yields to whoever else wants them.
   *
   * @default 0.5
   */
  readonly cpus?: number;

  /**
   * Memory of a run, in MiB. 256 to 122880.
   *
   * @default - 512; 1024 for files with a `repository`
   */
  readonly memoryLimitMiB?: number;
}

/** Where the runs of a backup are. */
export class BackupRunner {
  /** Runs in tasks of Fargate. */
  public static fargate(): BackupRunner {
    return new BackupRunner();
  }

  /** Runs in Docker on an EC2 instance, by Systems Manager: for databases that nothing outside of the instance reaches. */
  public static instances(props: InstanceRunnerProps): BackupRunner {
    return new BackupRunner(props);
  }

  private constructor(private readonly props?: InstanceRunnerProps) {}

  /**
   * Nothing for Fargate.
   *
   * @param memoryMiB what a run has unless it is given
   * @internal
   */
  public _bind(scope: IConstruct, memoryMiB = 512): BoundInstanceRunner | undefined {
    const { props } = this;
    if (!props) return undefined;
    requireProps(scope, props, { role: true }, 'runsOn.');
    const { role, network, cpus = 0.5, memoryLimitMiB = memoryMiB } = props;
    if (
      network !== undefined &&
      !Token.isUnresolved(network) &&
      !/^[A-Za-z0-9][\w.-]*(:[A-Za-z0-9][\w.-]*)?$/.test(network)
    ) {
      fault(
        scope,
        `runsOn.network must be host, the name of a Docker network, or container:<name>, got: ${JSON.stringify(network)}`,
      );
    }
    if (!Token.isUnresolved(cpus) && !(cpus >= 0.1 && cpus <= 64))
      fault(scope, `runsOn.cpus must be from 0.1 to 64, got: ${cpus}`);
    requireRange(scope, 'runsOn.memoryLimitMiB', memoryLimitMiB, { from: 256, to: 122_880, unit: 'MiB' });
    return { role, network, cpus, memoryLimitMiB, target: targetOf(scope, props) };
  }
}

function targetOf(scope: IConstruct, { instanceId, tags }: InstanceRunnerProps): InstanceTarget {
  if ((instanceId === undefined) === (tags === undefined)) {
    const got = instanceId === undefined ? 'none' : 'both';
    fault(
      scope,
      `exactly one of runsOn.instanceId and runsOn.tags must be given, got: ${got}: say which instance it is`,
    );
  }
  if (tags) {
    const count = Object.keys(tags).length;
    if (count >= 1 && count <= 5) return { tags };
    fault(scope, `runsOn.tags must be 1 to 5, got: ${count}: name tags that the instance alone has`);
  }
  if (Token.isUnresolved(instanceId) || /^i-[0-9a-f]{8,17}$/.test(instanceId!)) return { instanceId };
  fault(scope, `runsOn.instanceId must be the id of an EC2 instance, i-…, got: ${JSON.stringify(instanceId)}`);
}
