import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BackupBucket, BackupPruning, Retention } from '../../lib';

/** Name of the stack. */
export const STACK = 'CommandLine';

/** A bucket whose sources are pruned. */
class CommandLineStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const bucket = new BackupBucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const pruning = new BackupPruning(this, 'Pruning', { bucket });
    const allowedAge = Duration.days(2);
    pruning.addSource('shop', { retention: Retention.gfs({ daily: 3, keepLast: 2 }), allowedAge });
    pruning.addSource('blog', { retention: Retention.forever(), allowedAge });
    new CfnOutput(this, 'BucketOutput', { value: bucket.bucketName, key: 'Bucket' });
    new CfnOutput(this, 'PruneOutput', { value: pruning.pruneFunction.functionArn, key: 'Prune' });
  }
}

new CommandLineStack(new App());
