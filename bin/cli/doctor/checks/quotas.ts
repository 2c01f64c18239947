/** Quotas of the Region that backups use up. */
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { check } from '../check';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok, unanswered, valueOf, warning } from '../finding';

/** Quotas of Fargate on vCPUs that run at the same time. */
const FARGATE = { 'Fargate On-Demand vCPUs': 'L-3032A538', 'Fargate Spot vCPUs': 'L-36FBB829' } as const;
type Capacity = keyof typeof FARGATE;

/** A quota, and what the backups of the bucket use of it. */
export interface VcpuFacts extends Thing<number> {
  /** vCPUs of each task. */
  readonly tasks: readonly number[];
}

export const quotas = check(
  'quotas',
  'quotas leave room for the backups',
  async (deployment): Promise<VcpuFacts[]> => {
    const tasks = await deployment.tasks();
    const client = deployment.aws.client(ServiceQuotasClient);
    const found = (Object.keys(FARGATE) as Capacity[]).map(async (of) => {
      const command = new GetServiceQuotaCommand({ ServiceCode: 'fargate', QuotaCode: FARGATE[of] });
      const own = tasks.filter(({ task }) => task.spot === (of === 'Fargate Spot vCPUs'));
      if (own.length === 0) return [];
      const read = async () => (await client.send(command)).Quota?.Value;
      const quota = await deployment.thing(of, 'servicequotas:GetServiceQuota', read);
      return [{ ...quota, tasks: own.map(({ fact }) => Number(valueOf(fact)?.cpu ?? 0) / 1024) }];
    });
    return [...unanswered(tasks).map((task) => ({ ...task, tasks: [] })), ...(await Promise.all(found)).flat()];
  },
  judgeQuotas,
);

const RAISE = 'ask for more in the console of Service Quotas, or let schedules start at different times';

/** Other tasks of the account count as well, but not here. */
export function judgeQuotas(found: readonly VcpuFacts[]): Finding[] {
  return found.flatMap((vcpus) =>
    judge(vcpus, (most = Infinity, of) => {
      const together = vcpus.tasks.reduce((sum, one) => sum + one, 0);
      const largest = Math.max(...vcpus.tasks);
      if (largest > most)
        return failed(of, `the quota is ${most}, but a task needs ${largest}: it never starts`, RAISE);
      if (together <= most) return ok(of, `${together} of ${most}`);
      return warning(
        of,
        `the quota is ${most}; if all backups start at once, they need ${together}, and some start late or never`,
        RAISE,
      );
    }),
  );
}
