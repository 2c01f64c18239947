import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { RestoreTestPlan } from '../../../catalog/contract/restore-tests';
import { proveFamily } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import { executionRole } from '../../backup/private/roles';
import { builtImage, programTask } from '../../backup/private/task-definition';
import type { BoundDatabase } from '../../database/private/bound-database';
import { identityOf } from '../../database/private/secret-value';

/** A source that is tested, as its backup says. */
export interface TestedSource {
  readonly name: string;
  readonly plan: RestoreTestPlan;
  readonly database: Pick<BoundDatabase, 'engine' | 'engineVersion' | 'repository' | 'secrets'>;
  /** The user's own; built if left out. */
  readonly image?: ecs.ContainerImage;
  readonly cpuArchitecture: ecs.CpuArchitecture;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly assignPublicIp?: boolean;
  /** Private key with which encrypted backups are tested. */
  readonly proveWith?: secretsmanager.ISecret;
}

/** The task definitions of restore tests, one for each image and private key, and for each source with a repository. */
export class ProveTasks {
  private readonly known: { readonly kind: readonly unknown[]; readonly family: string }[] = [];

  private executionRole?: iam.IRole;

  /** @param rolePath IAM path of the role with which ECS starts them all */
  constructor(
    private readonly scope: Construct,
    private readonly prefix: string,
    private readonly logGroup: logs.ILogGroup,
    private readonly rolePath: string,
  ) {}

  /** Family of the tests of a source. Whoever starts a task gives it a role, a size and a job. */
  familyOf({ database, image: given, cpuArchitecture, proveWith }: TestedSource): string {
    const facts = engineFacts(database.engine);
    const image = given ?? facts.image(database.engineVersion ?? '');
    const { _cpuArchitecture: architecture } = cpuArchitecture;
    const identity = identityOf(this.scope, 'proveWith', proveWith);
    // Those of servers are for dumps alone.
    const secrets = database.repository && database.secrets;
    const kind = [image, architecture, identity?.arn, secrets];
    const same = this.known.find((one) => one.kind.every((part, index) => part === kind[index]));
    if (same) return same.family;
    // Of secrets it has those private keys and those of repositories alone. Without a task it would have no permission either, which IAM refuses.
    this.executionRole ??= executionRole(this.scope, this.logGroup, this.rolePath);
    const number = this.known.length;
    const family = proveFamily(this.prefix, number);
    programTask(this.scope, `TaskDefinition${number}`, {
      family,
      cpu: 1024,
      memoryLimitMiB: 4096,
      cpuArchitecture,
      executionRole: this.executionRole,
      logGroup: this.logGroup,
      image: given ?? builtImage(database, cpuArchitecture),
      identity,
      secrets,
    });
    this.known.push({ kind, family });
    return family;
  }
}
