/** Functions: they are there, can run, and read their queues. */
import { check } from '../check';
import type { DeployedFunction } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judge, ok } from '../finding';

export const functions = check(
  'functions',
  'the functions can run',
  (deployment) => deployment.functions(),
  judgeFunctions,
);

/** Lambda calls a function that nobody invoked for weeks inactive: the next invocation wakes it. */
export function judgeFunctions(found: readonly DeployedFunction[]): Finding[] {
  return found.flatMap((one) =>
    judge(one, (answer, of) => {
      if (!answer) return failed(of, 'the function does not exist', DEPLOY);
      const { State, StateReason, LastUpdateStatus, LastUpdateStatusReason } = answer.Configuration ?? {};
      if (State === 'Failed') return failed(of, `the function is in state Failed: ${StateReason}`, DEPLOY);
      if (LastUpdateStatus === 'Failed') {
        return failed(of, `its last update failed: ${LastUpdateStatusReason}`, DEPLOY);
      }
      if (answer.Concurrency?.ReservedConcurrentExecutions === 0) {
        return failed(
          of,
          'its reserved concurrency is 0: Lambda does not run it',
          `aws lambda delete-function-concurrency --function-name ${of}`,
        );
      }
      if (one.kind !== 'notify') return ok(of, 'can run');
      return judge({ of, fact: one.queues }, (queues = []) => judgeQueues(of, queues));
    }),
  );
}

function judgeQueues(of: string, queues: readonly { readonly State?: string; readonly UUID?: string }[]): Finding {
  const [off] = queues.filter(({ State }) => !/^(Enabled|Enabling|Creating|Updating)$/.test(State ?? 'Enabled'));
  if (queues.length === 0) return failed(of, 'no queue invokes it, so nobody is told anything', DEPLOY);
  if (!off) return ok(of, 'reads its queues');
  return failed(
    of,
    `its event source mapping is ${off.State}: it reads no events, so nobody is told anything`,
    `aws lambda update-event-source-mapping --enabled --uuid ${off.UUID}`,
  );
}
