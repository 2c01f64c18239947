import { Annotations } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';

/** Id of the warning. */
const NOBODY_IS_TOLD = 'proven-backups:nobodyIsTold';

/** Warns, when all is said, of a topic that nobody has subscribed to. */
export function warnIfNobodyIsTold(scope: IConstruct, topic: sns.Topic): void {
  scope.node.addValidation({
    validate: () => {
      if (!isSubscribed(topic)) {
        Annotations.of(scope).addWarningV2(
          NOBODY_IS_TOLD,
          'nobody is told when backups go wrong: give addresses in emails, or subscribers in subscriptions, of alarms',
        );
      }
      return [];
    },
  });
}

/** A subscription may be a child of the topic or of the subscriber. */
function isSubscribed(topic: sns.Topic): boolean {
  return topic.node.root.node
    .findAll()
    .some((child) => child instanceof sns.CfnSubscription && child.topicArn === topic.topicArn);
}
