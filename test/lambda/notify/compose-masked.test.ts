/** That events as they came are shown without what is secret in them. */
import type { Problem } from '../../../catalog/contract/notification';
import { composeProblems, composeRaw } from '../../../lambda/notify/compose/compose';
import { exited } from './events/ecs';
import { PLACE, problem } from './compose-support';

// In pieces: nothing that scans the repository shall take it for real.
const SECRET = ['hunter', '2xQ'].join('');
const environment = [
  { name: 'PGPASSWORD', value: SECRET },
  { name: 'BACKUP_JOB', value: `{"databases":["a"],"token":"${SECRET}"}` },
  { value: `it is ${SECRET}`, name: 'ANYTHING' },
];
const event = exited(1, { overrides: { containerOverrides: [{ name: 'backup', environment }] } });
const body = JSON.stringify(event);
const RAWS: Readonly<Record<string, unknown>> = {
  'an event': event,
  'a message with an event in it': [{ body, attributes: {} }],
  'a message within a message': [{ body: JSON.stringify({ Message: body }) }],
  'an event that was cut off': [{ body: `${body.slice(0, body.lastIndexOf(SECRET) + SECRET.length)}...` }],
  'a message within a message that was cut off': [{ body: JSON.stringify({ Message: body }).slice(0, -100) }],
  'a text': `PGPASSWORD=${SECRET} pg_dump shop`,
  'a connection string': { detail: { url: `postgres://backup:${SECRET}@db:5432/shop` } },
  'a field': { detail: { password: SECRET, masterUserPassword: SECRET } },
  'text and the rest': `failed: {"environment": [{"name": "A", "value": "${SECRET}"}]}`,
};

test.each(Object.entries(RAWS))('neither the email nor the JSON tells the secret of %s', (_, raw) => {
  expect(JSON.stringify(raw)).toContain(SECRET);
  const emails = [
    composeRaw(raw, `it broke: password=${SECRET}`, PLACE),
    composeProblems([problem('housekeeping', 'other', { raw })], PLACE),
  ];
  for (const { notification, text } of emails) {
    expect(text).not.toContain(SECRET);
    expect(JSON.stringify(notification)).not.toContain(SECRET);
    expect(text).toContain('***');
  }
});

test('what is no secret stays, to be read', () => {
  const { text } = composeRaw(event, 'it broke', PLACE);
  expect(text).toContain('"stoppedReason": "Essential container in task exited"');
  expect(text).toContain('"name": "PGPASSWORD"');
  const attachment = { attachments: [{ details: [{ name: 'subnetId', value: 'subnet-0abc' }] }] };
  expect(composeRaw(attachment, 'it broke', PLACE).text).toContain('subnet-0abc');
});

test('an event that cannot be searched is not shown as it is', () => {
  const circular: Record<string, unknown> = { password: SECRET };
  circular['self'] = circular;
  const raw: Pick<Problem, 'raw'> = { raw: circular };
  expect(composeRaw(raw, 'it broke', PLACE).text).not.toContain(SECRET);
});
