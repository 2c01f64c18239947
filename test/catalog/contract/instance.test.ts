import { documentOf } from '../../../catalog/contract/instance';

const Arn = 'arn:aws:scheduler:::aws-sdk:ssm:sendCommand';

test.each([
  [{ Arn, Input: '{"DocumentName":"Shop-shop"}' }, 'Shop-shop'],
  // Schedules of others.
  [{ Arn, Input: 'no JSON' }, undefined],
  [{ Arn, Input: 'null' }, undefined],
  [{ Arn }, undefined],
  [{ Arn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop', Input: '{"DocumentName":"Shop-shop"}' }, undefined],
  [undefined, undefined],
])('the document of the target %j', (target, name) => {
  expect(documentOf(target)).toBe(name);
});
