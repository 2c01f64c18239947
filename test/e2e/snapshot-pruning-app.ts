import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Retention, SnapshotPruning } from '../../lib';

/** Name of the stack. */
export const STACK = 'SnapshotPruning';
/** The tag of what is pruned. */
export const TAG = { Key: 'made-by', Value: 'script' };

/** What a user writes to have the snapshots of a script pruned. */
class SnapshotPruningStack extends Stack {
  constructor(app: App) {
    super(app, STACK);
    const pruning = new SnapshotPruning(this, 'Pruning', {
      tagKey: TAG.Key,
      tagValue: TAG.Value,
      retention: Retention.gfs({ daily: 1, keepLast: 2 }),
    });
    new CfnOutput(this, 'FunctionOutput', { value: pruning.pruneFunction.functionName, key: 'Function' });
    new CfnOutput(this, 'ScheduleOutput', { value: pruning.schedule.scheduleName, key: 'Schedule' });
  }
}

new SnapshotPruningStack(new App());
