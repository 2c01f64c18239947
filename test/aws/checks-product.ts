/** What the product does, end to end: a failure here is a defect of ours, whatever AWS does. */
import { GetScheduleCommand, UpdateScheduleCommand, type UpdateScheduleCommandInput } from '@aws-sdk/client-scheduler';
import { endOf } from '../../catalog/run-end';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { PruneReport, UndeleteReport } from '../../catalog/contract/handlers';
import type { Notification } from '../../catalog/contract/notification';
import type { Account } from './account';
import type { Check } from './check';
import { HARNESS, judged, verified } from './check';
import { ROWS, SOURCES } from './names';

const rowsOf = ({ tables }: Manifest): number => tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0);

/** Prunes, and returns the report of the good source. */
async function prune(account: Account, request: object) {
  const { sources } = await account.invoke<PruneReport>('Prune', { ...request, source: SOURCES.good });
  return sources.find(({ source }) => source === SOURCES.good)!;
}

/** Waits until a person is told about a source. */
async function toldOf(account: Account, signal: string, source: string, nudge?: () => Promise<unknown>) {
  const is = ({ problems = [] }: Notification): boolean =>
    problems.some((problem) => problem.signal === signal && problem.source === source);
  return verified((await account.notified(`${signal} of ${source}`, 15, is, nudge)).subject);
}

export const PRODUCT_CHECKS: readonly Check[] = [
  {
    id: 'backup',
    question: 'Does the first run of a schedule make a complete backup of a server in the VPC?',
    undecidedBy: HARNESS,
    async answer(account) {
      const [first] = await account.until('backup', 15, async () => {
        const found = await account.backups();
        return found.length > 0 ? found : undefined;
      });
      return judged(
        rowsOf(first!) === ROWS,
        `${first!.backupId}: ${first!.engine} ${first!.serverVersion}, ${rowsOf(first!)} rows`,
      );
    },
  },
  {
    id: 'run',
    question: 'Does a run that somebody starts make a backup?',
    undecidedBy: HARNESS,
    async answer(account) {
      for (let run = 0; run < 2; run++) {
        const { succeeded, reason, exitCode } = endOf(await account.run());
        if (!succeeded) return judged(false, `exit code ${exitCode}: ${reason}`);
      }
      const made = (await account.backups()).filter(({ trigger }) => trigger === 'on-demand');
      return judged(made.length === 2, made.map(({ backupId }) => backupId).join(', '));
    },
  },
  {
    id: 'housekeeping',
    question: 'Is a pruning that would take too many backups refused, and are people told?',
    async answer(account) {
      await account.until('backups to prune', 5, async () => {
        const { decisions = [] } = await prune(account, { dryRun: true, explain: true });
        return decisions.filter(({ keep }) => !keep).length === 2 || undefined;
      });
      const { refusal } = await prune(account, {});
      await account.invoke<PruneReport>('Prune', {});
      const told = await account.notified('the pruning', 10, ({ signal }) => signal === 'housekeeping');
      return judged(refusal?.why === 'too-many', told.subject);
    },
  },
  {
    id: 'prune',
    question: 'Does the prune function delete a backup by delete marker?',
    async answer(account) {
      const [oldest] = await account.backups();
      const { deleted, errors } = await prune(account, { confirmed: [oldest!.backupId] });
      const left = await account.backups();
      const gone = !left.some(({ backupId }) => backupId === oldest!.backupId);
      return judged(
        deleted === 1 && gone,
        errors.join('; ') || `${oldest!.backupId} is deleted, ${left.length} are left`,
      );
    },
  },
  {
    id: 'undelete',
    question: 'Does the undelete function bring it back?',
    async answer(account) {
      const { deleted } = await account.invoke<{ deleted: { source: string; id: string }[] }>('Undelete', {});
      const { source, id } = deleted[0]!;
      const { restored } = await account.invoke<UndeleteReport>('Undelete', { source, id, keepForSeconds: 3600 });
      const back = (await account.backups()).some(({ backupId }) => backupId === id);
      return judged(back, `${restored.id} is back, with ${restored.objects} objects`);
    },
  },
  {
    id: 'restore',
    question: 'Does the command that restores bring the rows back?',
    undecidedBy: HARNESS,
    async answer(account) {
      const sql = (text: string) => account.ask(account.output('Client'), ['psql', '-Atc', text]);
      // So few that the safety backup is of no strange size.
      await sql(`DELETE FROM orders WHERE id > ${ROWS - 9}`);
      const left = Number(await sql('SELECT count(*) FROM orders'));
      const { code, printed } = await account.cli('restore', '--source', SOURCES.good, '--overwrite', '--yes');
      const back = Number(await sql('SELECT count(*) FROM orders'));
      const said = /^.* was restored into .*$/m.exec(printed)?.[0] ?? printed;
      return judged(code === 0 && left < back && back === ROWS, `${left} rows, then ${back}: ${said}`);
    },
  },
  {
    id: 'prove',
    question: 'Does a restore test of a backup pass?',
    undecidedBy: HARNESS,
    async answer(account) {
      const { code, printed } = await account.cli('prove', '--source', SOURCES.good);
      return judged(code === 0, /^(?:NOT )?PROVEN: .*$/m.exec(printed)?.[0] ?? printed);
    },
  },
  {
    id: 'signal-failed',
    question: 'Is a run that fails told?',
    undecidedBy: HARNESS,
    answer: (account) => toldOf(account, 'failed', SOURCES.failing),
  },
  {
    id: 'signal-dead-letter',
    question: 'Is a run that cannot be started told by the dead letter of EventBridge Scheduler?',
    undecidedBy: HARNESS,
    async answer(account) {
      const which = { Name: account.output('Unstartable'), GroupName: account.output('Group') };
      const { Target: target, ...schedule } = await account.scheduler.send(new GetScheduleCommand(which));
      const { EcsParameters: task } = target!;
      // A revision that does not exist: RunTask refuses it.
      const TaskDefinitionArn = task!.TaskDefinitionArn!.replace(/\d+$/, '999999');
      const Target = { ...target, EcsParameters: { ...task, TaskDefinitionArn } };
      const changed = { ...schedule, ...which, State: 'ENABLED', Target } as UpdateScheduleCommandInput;
      await account.scheduler.send(new UpdateScheduleCommand(changed));
      return toldOf(account, 'never-started', SOURCES.unstartable);
    },
  },
  {
    id: 'signal-strange-size',
    question: 'Is a backup whose table lost its rows told?',
    async answer(account) {
      await account.ask(account.output('Client'), ['psql', '-c', 'DELETE FROM orders WHERE id > 0']);
      const { succeeded, reason } = endOf(await account.run());
      if (!succeeded) return judged(false, reason ?? 'the run failed');
      return toldOf(account, 'strange-size', SOURCES.good, () => account.invoke('Measure', {}));
    },
  },
  {
    id: 'signal-silent',
    question: 'Is a source that never gets a backup told?',
    answer: (account) => toldOf(account, 'silent', SOURCES.silent, () => account.invoke('Measure', {})),
  },
];
