import { CfnResource } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import * as library from '../../lib';

const isConstruct = (value: unknown): value is typeof Construct =>
  typeof value === 'function' && value.prototype instanceof Construct;
const CONSTRUCTS = Object.values<unknown>(library).filter(isConstruct);

/** Resources that constructs of this library created, wherever in an app: rules of security groups are the databases' children. */
export const ours = (app: IConstruct): CfnResource[] =>
  app.node
    .findAll()
    .filter((child) => CfnResource.isCfnResource(child))
    .filter(
      (resource) =>
        resource instanceof ec2.CfnSecurityGroupIngress ||
        resource.node.scopes.some((scope) => CONSTRUCTS.some((known) => scope instanceof known)),
    );
