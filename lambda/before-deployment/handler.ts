import { DEPLOYMENT_ENV } from '../../catalog/contract/handlers';
import { cloudFormationClient, ecsClient, logsClient, s3Client, ssmClient } from '../shared/clients';
import { environment } from '../shared/context';
import { answerDeployment } from './deployment';
import type { Ports } from './ports';
import { parseBackups } from './ports';
import { signalEnd } from './signal-end';

const clients = { cloudFormation: cloudFormationClient(), ecs: ecsClient(), logs: logsClient(), ssm: ssmClient() };

/**
 * Backs up before a deployment, in two steps, so that a backup may take as long as it takes. CloudFormation creates the
 * custom resource: its backups are started. EventBridge tells that one has ended: the wait condition gets its signal.
 */
export async function handler(event: unknown): Promise<void> {
  const ports: Ports = {
    ...clients,
    // A new one a run: it carries the clock of the run.
    s3: s3Client(),
    backups: parseBackups(environment(DEPLOYMENT_ENV.backups)),
    stack: environment(DEPLOYMENT_ENV.stack),
    handle: environment(DEPLOYMENT_ENV.handle),
    startedBy: environment(DEPLOYMENT_ENV.startedBy),
  };
  const isRequest = typeof event === 'object' && event !== null && 'ResponseURL' in event;
  await (isRequest ? answerDeployment(event, ports) : signalEnd(event, ports));
}
