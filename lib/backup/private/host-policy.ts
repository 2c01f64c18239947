import { ArnFormat, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import { acknowledgeWildcards } from '../../private/acknowledge';
import { grantLogWriting } from '../../private/log-key';

/** What the runs of one source need of the role of their instance. */
export interface HostRights {
  readonly source: string;
  /** Roles that it takes on. */
  readonly roles: readonly iam.IRole[];
  readonly logGroup: logs.ILogGroup;
}

/**
 * What the role of an instance may, and with it every process that reaches the metadata service there: one policy for all sources of
 * a stack, because the inline policies of a role have 10,240 characters together.
 */
export class HostPolicy extends iam.Policy {
  /** The policy of a role in a stack, which is created for its first source. */
  static of(scope: IConstruct, role: iam.IRole): HostPolicy {
    const stack = Stack.of(scope);
    const id = `HostPolicy${role.node.addr.slice(0, 12)}`;
    return (stack.node.tryFindChild(id) as HostPolicy | undefined) ?? new HostPolicy(stack, id, role);
  }

  private readonly takesOn = new iam.PolicyStatement({ actions: ['sts:AssumeRole'] });
  private readonly logs = new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'] });

  private constructor(stack: Stack, id: string, role: iam.IRole) {
    // The role may be that of other stacks too, whose policies the CDK would give the same name.
    const policyName = `${Names.uniqueResourceName(stack, { maxLength: 100, separator: '-' })}-${id}`;
    super(stack, id, { policyName, roles: [role] });
    this.addStatements(this.takesOn, this.logs);
  }

  /** Lets the role take on the roles of the runs of a source, and write their log. */
  admit({ source, roles, logGroup }: HostRights): void {
    const streams = Stack.of(this).formatArn({
      ...{ service: 'logs', resource: 'log-group', resourceName: `${logGroup.logGroupName}:log-stream:${source}/*` },
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.takesOn.addResources(...roles.map(({ roleArn }) => roleArn));
    this.logs.addResources(streams);
    // Of equal statements the CDK keeps one.
    grantLogWriting(this, logGroup);
    acknowledgeWildcards(this, 'The streams of one source.', [streams]);
  }
}
