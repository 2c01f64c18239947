import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * ARNs that whoever reads the parameters below a path needs: of the path itself, and of all below it.
 *
 * @param path begins and ends with a slash
 */
export function parameterArns(scope: IConstruct, path: string): [path: string, below: string] {
  const arnOf = (resourceName: string) =>
    Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
  return [arnOf(path.slice(1, -1)), arnOf(`${path.slice(1)}*`)];
}
