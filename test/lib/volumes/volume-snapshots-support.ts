import { App, Fn, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { VolumeSnapshotsProps } from '../../../lib';
import { SnapshotRetention, SnapshotSchedule, SnapshotTarget, VolumeSnapshots } from '../../../lib';
import type { Json } from '../support';

const { count } = SnapshotRetention;
const { daily } = SnapshotSchedule;
export const ENV = { account: '111122223333', region: 'eu-west-1' };
export const TARGET = SnapshotTarget.volumes({ tags: { backup: 'yes' } });
export const SOURCE = { Key: 'proven-backups:source', Value: 'snapshots' };
export const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/0aa1bb2c';

export const newStack = () => new Stack(new App(), 'Shop', { env: ENV });

export function snapshots(stack: Stack, props: Partial<VolumeSnapshotsProps> = {}, id = 'Snapshots'): VolumeSnapshots {
  return new VolumeSnapshots(stack, id, {
    target: TARGET,
    schedules: [daily({ hour: 3, retention: count(14) })],
    ...props,
  });
}

/** The properties of the one resource of a type. */
export function only(stack: Stack, type: string): Json {
  const found = Object.values(Template.fromStack(stack).findResources(type));
  expect(found).toHaveLength(1);
  return found[0]!.Properties;
}

export const policyOf = (props: Partial<VolumeSnapshotsProps>): Json => {
  const stack = newStack();
  snapshots(stack, props);
  return only(stack, 'AWS::DLM::LifecyclePolicy');
};
export const scheduleOf = (schedule: SnapshotSchedule, target = TARGET): Json =>
  policyOf({ schedules: [schedule], target }).PolicyDetails.Schedules[0];

export const volumeIn = (stack: Stack, props: Partial<ec2.VolumeProps> = {}) =>
  new ec2.Volume(stack, 'Data', { availabilityZone: Fn.select(0, Fn.getAzs()), size: Size.gibibytes(10), ...props });

export function instanceIn(stack: Stack): ec2.Instance {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['eu-west-1a'],
    publicSubnetIds: ['subnet-1'],
  });
  return new ec2.Instance(stack, 'Server', {
    vpc,
    instanceType: new ec2.InstanceType('t4g.small'),
    machineImage: ec2.MachineImage.genericLinux({ 'eu-west-1': 'ami-1' }),
  });
}
