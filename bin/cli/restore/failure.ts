/** How a restore failed, and what a person does next. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import type { Reason } from '../../../catalog/contract/failure';
import type { TargetState } from '../../../catalog/contract/restore';
import type { RestoreOptions } from '../commands/restore-options';
import { commandText, listText, requestOf } from '../commands/restore-options';
import { CommandError } from '../errors';
import { printable } from '../print/table';
import type { Told } from './follow';
import { covers } from './safety-backup';

/** What `--json` says of a restore that failed. */
export interface RestoreFailure {
  readonly exitCode?: number;
  /** The program's name for the code. */
  readonly exitName?: string;
  /** For people. */
  readonly message: string;
  readonly reason?: Reason;
  readonly state: TargetState;
  /** What to do next: a command, or an instruction. */
  readonly next: string;
}

const STATES: Readonly<Record<TargetState, string>> = {
  unchanged: 'the target is as it was before',
  partial: 'the target has a part of the backup: do not use it',
  'complete-but-different': 'all was loaded, and the target is not as the backup: do not use it before you know why',
  'complete-but-unchecked': 'all was loaded, and nothing compared it with the backup: do not use it unchecked',
  unknown: 'nobody knows: the target may have a part of the backup',
};

/** How a restore failed. */
export function failureOf(told: Told, manifest: Manifest, options: RestoreOptions): RestoreFailure {
  const { end, failure } = told;
  const state = stateOf(told);
  return {
    ...(end.exitCode !== undefined && { exitCode: end.exitCode }),
    ...(end.exitName !== undefined && { exitName: end.exitName }),
    message: failure?.message ?? end.reason ?? 'it gave no reason: read its log',
    ...(failure?.reason && { reason: failure.reason }),
    state,
    next: nextOf(state, told, manifest, options),
  };
}

/** A failure as the last words of a command. */
export function failureError({ source }: RestoreOptions, failure: RestoreFailure, goBack?: string): CommandError {
  const { exitCode, exitName, message, state, next } = failure;
  const code =
    exitCode === undefined
      ? 'did not come to its end'
      : `failed with exit code ${exitCode}${exitName === undefined ? '' : ` (${exitName})`}`;
  const lines = [
    `the restore of ${source} ${code}: ${printable(message)}`,
    `  state    ${STATES[state]}`,
    `  next     ${next}`,
    ...(goBack === undefined ? [] : [`  go back  ${goBack}`]),
  ];
  return new CommandError(lines.join('\n'));
}

/** Without a line about the state, the program had not come to the target; without a last line, nobody knows, unless it never started. */
function stateOf({ state, failure, plan, end }: Told): TargetState {
  const neverStarted = end.began === false && !plan;
  return state ?? (failure || neverStarted ? 'unchanged' : 'unknown');
}

function nextOf(state: TargetState, { plan }: Told, manifest: Manifest, options: RestoreOptions): string {
  const again = commandText(options, manifest.backupId);
  switch (state) {
    case 'unchanged':
      return `mend that, then ${again}`;
    case 'unknown':
      return `${again} --dry-run shows what is there`;
    case 'complete-but-different':
      return `compare, or choose another backup: ${listText(options)}`;
    case 'complete-but-unchecked':
    case 'partial': {
      const request = requestOf(options, manifest.backupId);
      const held =
        options.local || (plan?.targets ?? []).every((target) => covers(manifest, target, request, manifest));
      if (held) return commandText(options, manifest.backupId, true);
      const names = (plan?.targets ?? []).map(({ name }) => name).join(', ');
      return `remove ${printable(names)} by hand, then ${again}`;
    }
  }
}
