import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { sourceNameFault } from '../../catalog/names';
import type { IBackupBucket } from '../backup-bucket';
import { fault, requireValue } from './fault';

/** Sources of an app, by bucket and name. */
const REGISTRIES = new WeakMap<IConstruct, Map<string, IConstruct>>();

/** Takes a source name in a bucket; refuses one that is not legal, or that another backup of the app has. */
export function registerSource(scope: IConstruct, bucket: IBackupBucket, name: string): void {
  requireValue(scope, 'sourceName', name);
  const wrong = sourceNameFault(name);
  if (wrong !== undefined) fault(scope, `${wrong}: give another one in sourceName`);
  const registry = REGISTRIES.get(scope.node.root) ?? new Map<string, IConstruct>();
  REGISTRIES.set(scope.node.root, registry);
  const place = Token.isUnresolved(bucket.bucketName) ? bucket.node.path : bucket.bucketName;
  const key = `${place}/${name}`;
  const other = registry.get(key);
  if (other !== undefined) {
    fault(
      scope,
      `source name must be unique in its bucket, got: "${name}", which ${other.node.path} has: give another one in sourceName`,
    );
  }
  registry.set(key, scope);
}

/** `ShopOrders` becomes `shop-orders`. */
export function sourceNameOf(id: string): string {
  return id
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
}
