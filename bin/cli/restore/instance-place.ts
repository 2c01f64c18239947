/** Restores on the instance that has the database, by a command of Systems Manager. */
import { randomUUID } from 'node:crypto';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import { containerOf, mayRun, RESTORE_BEGINS_WITHIN, RESTORE_PARAMETERS } from '../../../catalog/contract/instance';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { RestoreRequest } from '../../../catalog/contract/task';
import type { Aws } from '../aws/aws';
import { CommandWatch, sendCommand } from '../aws/command';
import { LogFollower } from '../aws/log-follower';
import { FollowedRun, followText } from '../program-run/followed-run';
import { endOfCommand } from '../run/on-instance';
import { RESTORE_FACTS } from './log-facts';
import type { RestorePlace, RestoreRun } from './place';
import { requestText } from './request-text';

/** The instance of a source. */
export class InstancePlace implements RestorePlace {
  /**
   * @param document name of the document that restores
   * @param tell is called with each new state of a command
   */
  constructor(
    private readonly aws: Aws,
    private readonly source: string,
    private command: InstanceCommand,
    private readonly document: string,
    private readonly tell: (text: string) => void,
  ) {}

  /** What dumps the source: on the instance that was looked at, once it was. */
  get dump(): InstanceCommand {
    return this.command;
  }

  async start(request: RestoreRequest): Promise<RestoreRun> {
    const { aws, source, document } = this;
    const { logGroup } = this.command;
    const text = Buffer.from(requestText(request)).toString('base64');
    const run = randomUUID();
    const container = containerOf(source, run);
    const client = aws.ssm();
    const parameters = {
      [RESTORE_PARAMETERS.run]: run,
      [RESTORE_PARAMETERS.request]: text,
      [RESTORE_PARAMETERS.notAfter]: `${Math.floor(Date.now() / 1000) + RESTORE_BEGINS_WITHIN}`,
    };
    // What is not answered may run: it must not be sent once more.
    const once = aws.client(SSMClient, { maxAttempts: 1 });
    const sent = await sendCommand(once, source, { ...this.command, document }, parameters);
    // The tags may name another instance by the time of the safety backup, or of the restore.
    this.command = { ...this.command, tags: undefined, instanceId: sent.instance };
    const stream = logStreamOf(source, run);
    const watch = new CommandWatch(client, sent, (state) => this.tell(`the command is ${state.toLowerCase()} …`));
    return new FollowedRun({
      reader: RESTORE_FACTS,
      log: new LogFollower(aws.logs(), logGroup, stream),
      afterwards: followText(logGroup, stream, await client.config.region()),
      look: async () => {
        const found = await watch.look();
        if (!found) return undefined;
        const { reason, ...end } = endOfCommand(found);
        const hint = `the container may still run: docker ps --filter name=${container} on instance ${sent.instance} shows it`;
        return {
          ...end,
          ...(reason !== undefined && {
            reason: mayRun(found.ResponseCode, found.StatusDetails) ? `${reason}: ${hint}` : reason,
          }),
        };
      },
      // To cancel the command would end the script that renews the credentials, and not the program.
      stopBy: `docker stop --time 120 ${container} on instance ${sent.instance}`,
    });
  }
}
