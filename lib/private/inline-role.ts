import { Lazy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeCompliance } from './acknowledge';

/** Properties of an {@link InlineRole}. */
export interface InlineRoleProps {
  readonly assumedBy: iam.IPrincipal;
  readonly description: string;
  readonly path?: string;
}

/**
 * A role that keeps every grant inline. CDK's own role puts grants into a policy resource beside it: with 60
 * databases in a stack, that is 120 resources of the 500 that CloudFormation allows.
 */
export class InlineRole extends iam.Role {
  /** IAM path, with the slashes around it. */
  public readonly path: string;
  private readonly document: iam.PolicyDocument;

  constructor(scope: Construct, id: string, props: InlineRoleProps) {
    const document = new iam.PolicyDocument();
    super(scope, id, { ...props, inlinePolicies: { Backup: document } });
    // IAM takes no empty policy: of a public image without a secret, nothing is granted to whoever pulls it.
    const resource = this.node.defaultChild as iam.CfnRole;
    const { policies } = resource;
    resource.policies = Lazy.any({ produce: () => (document.isEmpty ? undefined : policies) });
    this.document = document;
    this.path = props.path ?? '/';
    const reason =
      'The role has one user only. With policies beside their roles, 60 databases would not fit into a stack.';
    acknowledgeCompliance(this, [{ rule: 'IAMNoInlinePolicy', reason }]);
  }

  public override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    this.document.addStatements(statement);
    return { statementAdded: true, policyDependable: this };
  }
}
