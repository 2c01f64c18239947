import { ArnFormat, Names, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** First part of the IAM path of every role. */
export const ROLES = 'proven-backups';

/** Longest name of a scope within its stack; with a stack's 128 and a source's 40 it stays below the family's 255. */
const MAX_LENGTH = 60;

/** Returns the name of a construct within its stack, in letters, digits and hyphens. The stack itself has none. */
function nameInStack(scope: IConstruct): string {
  const { scopes } = scope.node;
  const ids = scopes.slice(scopes.indexOf(Stack.of(scope)) + 1).map(({ node }) => node.id.replace(/[^A-Za-z0-9]/g, ''));
  const name = ids.join('-');
  return name.length <= MAX_LENGTH ? name : Names.uniqueResourceName(scope, { maxLength: MAX_LENGTH, separator: '-' });
}

/** Returns the prefix of the task families of a scope: `<stack>-<scope>-`. */
export function familyPrefix(scope: IConstruct): string {
  return [Stack.of(scope).stackName, nameInStack(scope)].filter((part) => part !== '').join('-') + '-';
}

/**
 * Returns the IAM path of the roles of a scope. It contains the Region, because roles are global.
 *
 * @param kind sets roles apart that others of the scope may not pass
 */
export function rolePath(scope: IConstruct, kind = ''): string {
  const { region, stackName } = Stack.of(scope);
  return ['', ROLES, kind, region, stackName, nameInStack(scope), ''].join('/').replace(/\/{2,}/g, '/');
}

/**
 * ARN of a role in the account of a scope.
 *
 * @param name with its IAM path, `/proven-backups/…/ShopRole`; may contain wildcards
 */
export const roleArnOf = (scope: IConstruct, name: string): string =>
  Stack.of(scope).formatArn({
    ...{ service: 'iam', region: '', resource: 'role', resourceName: name.slice(1) },
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });

/** Name by which KMS knows S3: `s3.eu-west-1.amazonaws.com`. */
export function s3ServiceOf(scope: IConstruct): string {
  const { region, urlSuffix } = Stack.of(scope);
  return `s3.${region}.${urlSuffix}`;
}
