import { Stack, Validations } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';

/** Says to cdk-nag why a finding is meant to be. Without cdk-nag it does nothing. */
export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/** The same for wildcards in IAM statements, each of which is a finding of its own. */
export function acknowledgeWildcards(scope: IConstruct, reason: string, resources: readonly string[]): void {
  // Not before references across stacks have their final form, which is when the tree is validated.
  const validate = (): string[] => {
    for (const resource of resources) {
      acknowledge(scope, `AwsSolutions-IAM5[Resource::${flatten(Stack.of(scope).resolve(resource))}]`, reason);
    }
    return [];
  };
  scope.node.addValidation({ validate });
}

/** The same for the right to write to a log group: the ARN of an imported one ends with a wildcard. */
export function acknowledgeLogs(role: IConstruct, { logGroupArn }: logs.ILogGroup): void {
  if (logGroupArn.endsWith('*')) acknowledgeWildcards(role, 'All streams of the log group.', [logGroupArn]);
}

/** Writes a resolved text as cdk-nag does: `<Bucket.Arn>/shop/*`. */
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
