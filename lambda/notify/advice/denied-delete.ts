import type { Advice } from './advice-table';
import type { Facts, Step } from './steps';
import { arg, list } from './steps';
import { oneLine } from '../compose/text';

/** Who it was: a session of a role, a user, or neither. */
function whoIs({ problem: { resource } }: Facts): {
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

/** Ends what they still may do. A session has no access key of its own that could be disabled. */
function stopThem(facts: Facts): Step[] {
  const { role, user } = whoIs(facts);
  if (role !== undefined) {
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Deny', Action: '*', Resource: '*' },
          Condition: { DateLessThan: { 'aws:TokenIssueTime': facts.place.now.toISOString() } },
        },
      ],
    };
    return [
      {
        say: `If nobody knows of it, treat it as a break-in: end all sessions of the role ${role} that are open now, its own good ones too, and see who may take it on:`,
        run: [
          facts.aws(
            'iam put-role-policy',
            `--role-name ${arg(role)}`,
            '--policy-name AWSRevokeOlderSessions',
            `--policy-document ${arg(JSON.stringify(policy))}`,
          ),
          facts.aws('iam get-role', `--role-name ${arg(role)}`, '--query Role.AssumeRolePolicyDocument'),
        ].join('\n'),
      },
    ];
  }
  const name = user === undefined ? '"$USER_NAME"' : arg(user);
  return [
    {
      say: 'If nobody knows of it, treat it as a break-in: see their access keys, for $KEY_ID, and disable each:',
      run: [
        facts.aws('iam list-access-keys', `--user-name ${name}`),
        facts.aws('iam update-access-key', `--user-name ${name}`, '--access-key-id "$KEY_ID"', '--status Inactive'),
      ].join('\n'),
    },
  ];
}

/** Somebody who may not tried to delete backups. */
export function deniedDeleteAdvice(facts: Facts): Advice {
  const { session, user } = whoIs(facts);
  const name = session ?? user;
  return {
    title: 'somebody tried to delete backups',
    likelyCause:
      'A call that would have deleted backups or their protection was denied: nothing is lost. It is a script or a person in error, or somebody who means harm.',
    steps: [
      {
        say: 'See what else they did. CloudTrail has the last 90 days:',
        run: facts.aws(
          'cloudtrail lookup-events',
          `--lookup-attributes AttributeKey=Username,AttributeValue=${name === undefined ? '"$USER_NAME"' : arg(name)}`,
        ),
      },
      ...stopThem(facts),
      list(facts, 'See that all backups are there:'),
    ],
  };
}
