import type { SNSClient } from '@aws-sdk/client-sns';
import { paginateListSubscriptionsByTopic } from '@aws-sdk/client-sns';
import type { SubscriptionFacts } from '../../catalog/contract/alarms';

/** Texts of SNS in place of the ARN of a subscription that is not confirmed, or has ended. */
const UNCONFIRMED = ['PendingConfirmation', 'Deleted'];

/** Lists the subscriptions of a topic. */
export async function listSubscriptions(client: SNSClient, TopicArn: string): Promise<SubscriptionFacts[]> {
  const found: SubscriptionFacts[] = [];
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn })) {
    for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
      const confirmed = SubscriptionArn !== '' && !UNCONFIRMED.some((word) => SubscriptionArn.startsWith(word));
      found.push({ protocol: Protocol, endpoint: Endpoint, confirmed });
    }
  }
  return found;
}
