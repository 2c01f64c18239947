/** Instances that run backups: Systems Manager reaches them, and their last run could be started. */
import type { CommandInvocation, InstanceInformation } from '@aws-sdk/client-ssm';
import { ListCommandInvocationsCommand } from '@aws-sdk/client-ssm';
import type { HostExit } from '../../../../catalog/contract/instance';
import { hostExitOf } from '../../../../catalog/contract/instance';
import { managedInstances, targetFault, targetText } from '../../aws/command';
import type { Check } from '../check';
import type { Finding } from '../finding';
import { failed, judge, ok, valueOf } from '../finding';

const NEEDS = 'docs/instances.md#what-the-instance-needs';

export const instances: Check = {
  id: 'instances',
  title: 'the instances that run backups are reached, and ready',
  run: async (deployment) => {
    const client = deployment.aws.ssm();
    const found = deployment.directory.commands.map(async ({ source, command }): Promise<Finding[]> => {
      const asked = await deployment.thing(source, 'ssm:DescribeInstanceInformation', () =>
        managedInstances(client, command),
      );
      const [instance] = valueOf(asked) ?? [];
      const reached = judge<InstanceInformation[]>(asked, (list = []) => {
        const fault = targetFault(command, list);
        return fault === undefined ? ok(source, `reaches ${targetText(command)}`) : failed(source, fault, NEEDS);
      });
      if (!instance) return reached;
      const last = await deployment.thing(source, 'ssm:ListCommandInvocations', async () => {
        const request = new ListCommandInvocationsCommand({
          ...{ InstanceId: instance.InstanceId, Details: true, MaxResults: 1 },
          Filters: [{ key: 'DocumentName', value: command.document }],
        });
        return (await client.send(request)).CommandInvocations?.[0];
      });
      return [...reached, ...judge<CommandInvocation>(last, judgeLastRun)];
    });
    return (await Promise.all(found)).flat();
  },
};

const MISSING: Readonly<Partial<Record<HostExit, string>>> = {
  docker: 'Docker is missing, or does not answer',
  awsCli: 'the AWS CLI is missing',
  role: 'its role may not take on the roles of the run: it was replaced, or another one was attached',
  image: 'the image could not be pulled',
  secret: 'the secret could not be read',
  container: 'Docker did not start the container',
  data: 'the path, or the volume of Docker, that it backs up is not there',
};

/** Alarms tell how runs end; here it matters only whether the instance can start them. */
export function judgeLastRun(invocation: CommandInvocation | undefined, of: string): Finding[] {
  const { InstanceId: instance, CommandPlugins: [plugin] = [] } = invocation ?? {};
  const exit = hostExitOf(plugin?.ResponseCode);
  const missing = exit && MISSING[exit];
  if (missing === undefined) return [];
  return [failed(of, `the last run on instance ${instance} did not start: ${missing}`, `repair it: ${NEEDS}`)];
}
