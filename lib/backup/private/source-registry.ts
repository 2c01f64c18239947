import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { fault } from '../../private/fault';
import { requireSourceName } from '../../private/source-name';

/** Owners of sources in each app, by bucket and source name. */
type Registries = WeakMap<IConstruct, Map<string, IConstruct>>;
const BACKED_UP: Registries = new WeakMap();
const PRUNED: Registries = new WeakMap();

/** Registers a source name in a bucket. Refuses an illegal name, and one that another backup of the app has. */
export function registerSource(scope: IConstruct, bucket: IBackupBucket, name: string): void {
  requireSourceName(scope, 'sourceName', name, ': give another one in sourceName');
  const other = take(BACKED_UP, scope, bucket, name);
  if (other !== undefined) {
    fault(
      scope,
      `source name must be unique in its bucket, got: "${name}", which ${other.node.path} has: give another one in sourceName`,
    );
  }
}

/** Registers a source for pruning. Refuses one that is pruned already, which the function would not prune at all. */
export function registerPruned(scope: IConstruct, bucket: IBackupBucket, name: string): void {
  const other = take(PRUNED, scope, bucket, name);
  if (other === undefined) return;
  fault(scope, `source must be pruned once, got: "${name}", which ${other.node.path} prunes already: leave one out`);
}

/** Registers a source, and returns its owner if it has one already. */
function take(registries: Registries, scope: IConstruct, bucket: IBackupBucket, name: string): IConstruct | undefined {
  const registry = registries.get(scope.node.root) ?? new Map<string, IConstruct>();
  registries.set(scope.node.root, registry);
  const place = Token.isUnresolved(bucket.bucketName) ? bucket.node.path : bucket.bucketName;
  const key = `${place}/${name}`;
  const other = registry.get(key);
  if (other === undefined) registry.set(key, scope);
  return other;
}

/** Derives a source name from a construct's id: `ShopOrders` becomes `shop-orders`. */
export function sourceNameOf(id: string): string {
  return id
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
}
