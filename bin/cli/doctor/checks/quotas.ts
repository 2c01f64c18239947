/** Quotas of the Region that backups use up. */
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { Check } from '../check';
import { valueOf, judgeEach, failed, ok, warning } from '../finding';
import type { Finding } from '../finding';

/** Quotas of Fargate on vCPUs that run at the same time: on demand, and Spot. */
const QUOTAS = [
  { of: 'Fargate On-Demand vCPUs', code: 'L-3032A538', isSpot: false },
  { of: 'Fargate Spot vCPUs', code: 'L-36FBB829', isSpot: true },
] as const;

/** Share of a quota from which on it is near its end. */
const NEAR = 0.8;

export const quotas: Check = {
  id: 'quotas',
  title: 'quotas leave room for the backups',
  needs: ['tasks'],
  run: async (deployment) => {
    const tasks = await deployment.tasks();
    const client = deployment.aws.client(ServiceQuotasClient);
    const findings: Finding[] = [];
    for (const { of, code: QuotaCode, isSpot } of QUOTAS) {
      const own = tasks
        .filter(({ task }) => task.spot === isSpot)
        .map((task) => Number(valueOf(task)?.cpu ?? 0) / 1024);
      const command = new GetServiceQuotaCommand({ ServiceCode: 'fargate', QuotaCode });
      const read = async () => (await client.send(command)).Quota?.Value;
      const asked = await deployment.each(own.length > 0 ? [of] : [], 'servicequotas:GetServiceQuota', read);
      findings.push(...judgeEach(asked, (most) => judgeQuota(of, most, own)));
    }
    return findings;
  },
};

/**
 * Other tasks of the account count as well, but not here.
 *
 * @param most vCPUs at the same time
 * @param tasks vCPUs of each task
 */
export function judgeQuota(of: string, most = Infinity, tasks: readonly number[]): Finding {
  const action = 'ask for more in the console of Service Quotas, or let schedules start at different times';
  const together = tasks.reduce((sum, one) => sum + one, 0);
  const largest = Math.max(...tasks);
  if (largest > most) {
    return failed(of, `the quota is ${most}, but a task needs ${largest}: it never starts`, action);
  }
  if (together <= most * NEAR) return ok(of, `${together} of ${most}`);
  const finding = `if all backups start at once, they need ${together} of ${most}: some may start late or never`;
  return warning(of, finding, action);
}
