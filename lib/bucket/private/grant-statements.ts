import * as iam from 'aws-cdk-lib/aws-iam';

/** Grants permissions and denials of one policy. The first one is a permission. */
export function grantStatements(
  grantee: iam.IGrantable,
  [allow, ...others]: readonly iam.PolicyStatement[],
): iam.Grant {
  const { actions, resources, conditions } = allow!;
  const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions });
  for (const statement of others) grantee.grantPrincipal.addToPrincipalPolicy(statement);
  return grant;
}
