import * as cdk from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';

interface Acknowledgements {
  of(scope: IConstruct): { acknowledge(finding: { readonly id: string; readonly reason: string }): void };
}

/** Missing in versions of aws-cdk-lib that are too old for cdk-nag 3. */
const { Validations } = cdk as { readonly Validations?: Acknowledgements };

/** Tells cdk-nag why a finding is intended. Does nothing without cdk-nag. */
export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations?.of(scope).acknowledge({ id, reason });
}

/** Packs of cdk-nag that share their rules. */
const COMPLIANCE_PACKS = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'];

/** A finding of compliance checks. */
export interface ComplianceFinding {
  /** Rule of cdk-nag's packs for NIST 800-53, HIPAA and PCI DSS. */
  readonly rule?: string;
  /** Check of checkov. */
  readonly checkov?: string;
  readonly reason: string;
}

/** Tells cdk-nag's compliance packs and checkov why findings are intended. checkov reads the metadata of the template. */
export function acknowledgeCompliance(scope: IConstruct, findings: readonly ComplianceFinding[]): void {
  for (const { rule, reason } of findings) {
    for (const pack of rule === undefined ? [] : COMPLIANCE_PACKS) acknowledge(scope, `${pack}-${rule}`, reason);
  }
  const skip = findings.flatMap(({ checkov: id, reason: comment }) => (id === undefined ? [] : [{ id, comment }]));
  if (skip.length === 0) return;
  const resource = scope.node.defaultChild as cdk.CfnResource;
  const known = resource.getMetadata('checkov') as { readonly skip: typeof skip } | undefined;
  resource.addMetadata('checkov', { skip: [...(known?.skip ?? []), ...skip] });
}

/** Acknowledges wildcards in IAM statements, each of which is a finding of its own. */
export function acknowledgeWildcards(scope: IConstruct, reason: string, resources: readonly string[]): void {
  // References across stacks get their final form before the tree is validated, and not earlier.
  const validate = (): string[] => {
    for (const resource of resources) {
      acknowledge(scope, `AwsSolutions-IAM5[Resource::${flatten(cdk.Stack.of(scope).resolve(resource))}]`, reason);
    }
    return [];
  };
  scope.node.addValidation({ validate });
}

/** Acknowledges the wildcards of statements. */
export const acknowledgeStatements = (scope: IConstruct, reason: string, statements: iam.PolicyStatement[]): void =>
  acknowledgeWildcards(
    scope,
    reason,
    statements.flatMap(({ resources }) => resources).filter((resource) => resource.includes('*')),
  );

/** Acknowledges the right to write to a log group: the ARN of an imported one ends with a wildcard. */
export function acknowledgeLogs(role: IConstruct, { logGroupArn }: logs.ILogGroup): void {
  if (logGroupArn.endsWith('*')) acknowledgeWildcards(role, 'All streams of the log group.', [logGroupArn]);
}

/** Writes a resolved string the way cdk-nag does: `<Bucket.Arn>/shop/*`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const intrinsic = value as {
    'Fn::Join'?: [string, unknown[]];
    'Fn::GetAtt'?: string[];
    'Fn::ImportValue'?: unknown;
    Ref?: string;
  };
  if (intrinsic['Fn::Join']) return intrinsic['Fn::Join'][1].map(flatten).join(intrinsic['Fn::Join'][0]);
  if (intrinsic['Fn::GetAtt']) return `<${intrinsic['Fn::GetAtt'].join('.')}>`;
  if (intrinsic['Fn::ImportValue'] !== undefined) return flatten(intrinsic['Fn::ImportValue']);
  if (intrinsic.Ref) return `<${intrinsic.Ref}>`;
  return JSON.stringify(value);
}
