import { oneLine } from '../compose/text';
import type { Advice, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { list } from './steps';

/** The caller: a session of a role, a user, or neither. */
function whoIs({ problem: { resource } }: AdviceContext): {
  readonly session?: string;
  readonly role?: string;
  readonly user?: string;
} {
  const who = oneLine(resource ?? '');
  const [, role, session] = /:assumed-role\/(?:.*\/)?([^/]+)\/([^/]+)$/.exec(who) ?? [];
  if (role !== undefined) return { role, session };
  const user = /:user\/(?:.*\/)?([^/]+)$/.exec(who)?.[1];
  return user === undefined ? {} : { user };
}

/** Takes their permissions away. A session has no access key of its own that could be disabled. */
function stopThem(context: AdviceContext): Step[] {
  const { role, user } = whoIs(context);
  if (role !== undefined) {
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Action: '*',
          Resource: '*',
          Condition: { DateLessThan: { 'aws:TokenIssueTime': context.place.now.toISOString() } },
        },
      ],
    };
    return [
      {
        say: `If nobody knows about it, treat it as a break-in. End all current sessions of role ${role}, including legitimate ones, and see who may assume it:`,
        run: [
          context.aws(
            'iam put-role-policy',
            `--role-name ${arg(role)}`,
            '--policy-name AWSRevokeOlderSessions',
            `--policy-document ${arg(JSON.stringify(policy))}`,
          ),
          context.aws('iam get-role', `--role-name ${arg(role)}`, '--query Role.AssumeRolePolicyDocument'),
        ].join('\n'),
      },
    ];
  }
  const name = user === undefined ? '"$USER_NAME"' : arg(user);
  return [
    {
      say: 'If nobody knows about it, treat it as a break-in. List their access keys, for $KEY_ID, and disable each of them:',
      run: [
        context.aws('iam list-access-keys', `--user-name ${name}`),
        context.aws('iam update-access-key', `--user-name ${name}`, '--access-key-id "$KEY_ID"', '--status Inactive'),
      ].join('\n'),
    },
  ];
}

/** Somebody without the permission tried to delete backups. */
export function deniedDeleteAdvice(context: AdviceContext): Advice {
  const { session, user } = whoIs(context);
  const name = session ?? user;
  return {
    title: 'somebody tried to delete backups',
    likelyCause: `A script or a person by mistake, or somebody who means harm.${context.problem.variant ? '' : ' The call was denied.'}`,
    action: 'Find out who it was, and why.',
    steps: [
      {
        say: 'See what else they did. CloudTrail keeps 90 days:',
        run: context.aws(
          'cloudtrail lookup-events',
          `--lookup-attributes AttributeKey=Username,AttributeValue=${name === undefined ? '"$USER_NAME"' : arg(name)}`,
        ),
      },
      ...stopThem(context),
      list(context, 'See that all backups are there:'),
    ],
  };
}
