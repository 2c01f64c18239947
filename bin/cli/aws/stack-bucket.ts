import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CommandError } from '../errors';
import { ask } from './aws';

/** Part of the key of the output: CDK puts the path of the construct before it, and a hash after it. */
const OUTPUT = 'BucketName';

/**
 * The bucket of a stack, by its output `BucketName`.
 *
 * @param stack name or ARN
 * @throws CommandError if the stack does not exist, or does not name exactly one bucket
 */
export async function bucketOfStack(client: CloudFormationClient, stack: string): Promise<string> {
  const wish = { doing: `read the outputs of stack ${stack}`, action: 'cloudformation:DescribeStacks' };
  const { Stacks = [] } = await ask(wish, async () => {
    try {
      return await client.send(new DescribeStacksCommand({ StackName: stack }));
    } catch (error) {
      if (!(error instanceof Error) || !/does not exist/.test(error.message)) throw error;
      throw new CommandError(
        `there is no stack ${stack} in ${await client.config.region()}: check --stack, --region and the account`,
      );
    }
  });
  const named = (Stacks[0]?.Outputs ?? []).filter(({ OutputKey }) => OutputKey!.includes(OUTPUT));
  const [bucket, ...others] = new Set(named.map(({ OutputValue }) => OutputValue!));
  if (bucket === undefined) {
    throw new CommandError(`stack ${stack} has no output whose key contains ${OUTPUT}: give --bucket`);
  }
  if (others.length === 0) return bucket;
  const list = named.map(({ OutputKey, OutputValue }) => `${OutputKey} = ${OutputValue}`).join(', ');
  throw new CommandError(`stack ${stack} names several buckets, ${list}: give one of them as --bucket`);
}
