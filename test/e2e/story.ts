import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Manifest } from '../../catalog/bucket/manifest';
import { backupIdTime, objectKey, VERDICT_FILE } from '../../catalog/bucket/names';
import { readCatalog } from '../../catalog/bucket/read';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import type { Verdict } from '../../catalog/bucket/verdict';
import { parseVerdict } from '../../catalog/bucket/verdict';
import { testedBy } from '../../catalog/contract/restore-tests';
import type { Emulator } from '../emulator/emulator';
import type { LocalOptions } from '../emulator/local-container';
import type { Stored } from '../support/two-years';
import { AlarmedScene } from './alarms-scene';
import { putHistory } from './backup-history';
import type { Desk } from './desk';
import type { TeamHost } from './team-host';

const DAY_MS = 86_400_000;

/** Ages in days of what is stored, the youngest first. */
export const agesOf = ({ now, times }: Stored): number[] =>
  times.map((time) => (now.getTime() - time.getTime()) / DAY_MS).reverse();

/** An example that is deployed: what its schedules, its people and its readers do. */
export class Story {
  readonly scene: AlarmedScene;
  private readonly s3: S3Client;

  constructor(
    private readonly emulator: Emulator,
    private readonly outputs: Readonly<Record<string, string>>,
    readonly host: TeamHost,
    private readonly desk: Desk,
    /** Who is told. */
    private readonly address: string,
  ) {
    this.scene = new AlarmedScene(emulator, outputs);
    this.s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  }

  /** The new stack is measured, and its reader confirms. */
  async begin(): Promise<void> {
    await this.emulator.fireSchedules();
    expect(await this.emulator.confirmEmails(this.address)).toBe(1);
  }

  /** The time of a schedule has come: the host makes a backup. Returns its manifest. */
  async night(source: string): Promise<Manifest> {
    await this.host.pass(this.scene, source);
    return this.newest(source);
  }

  /** Runs the command line. */
  cli(args: readonly string[], options?: Parameters<Desk['cli']>[2]) {
    return this.desk.cli(this.scene, args, options);
  }

  /** Runs a command that ends well. Returns what it printed. */
  async does(args: readonly string[], options?: Parameters<Desk['cli']>[2]): Promise<string> {
    const { code, out, err } = await this.cli(args, options);
    if (code === 0) return out;
    throw new Error(`${args.join(' ')} ended with ${code}: ${out}${err}`);
  }

  async newest(source: string): Promise<Manifest> {
    return (await this.stored(source)).at(-1)!;
  }

  /** Lets hours pass, at the end of which everything is measured. */
  async hoursLater(hours: number): Promise<void> {
    await this.emulator.moveClock(hours * 3600);
    expect(await this.emulator.fireSchedules()).toContain(this.outputs.Measuring);
  }

  /** Runs the restore test of a backup that has been started by schedule. */
  async tested({ source, backupId }: Manifest, options: LocalOptions): Promise<Verdict> {
    await this.scene.runStarted((by) => {
      const test = testedBy(by);
      return test?.source === source && test.backupId === backupId;
    }, options);
    return parseVerdict(await this.read(objectKey(source, backupId, VERDICT_FILE)))!;
  }

  /**
   * Lets the deployed function prune a source that has a past.
   *
   * @param newest of which each backup of the past is a copy
   * @param days ages of the backups of the past
   * @returns what it keeps
   */
  async pruned(newest: Manifest, days: readonly number[]): Promise<Stored> {
    const { source, backupId } = newest;
    await putHistory(this.s3, this.outputs.Bucket!, newest, days);
    await this.does(['prune', '--source', source, '--yes']);
    const times = (await this.stored(source)).map((backup) => backupIdTime(backup.backupId)!);
    return { now: backupIdTime(backupId)!, times };
  }

  /** Waits for an email, and returns its text without the breaks of its lines. */
  async email(matches: Parameters<AlarmedScene['told']>[0], subject: RegExp): Promise<string> {
    const { emails } = await this.scene.told(matches);
    expect(emails).toMatchObject([{ to: this.address, subject: expect.stringMatching(subject) as string }]);
    return emails[0]!.text.replace(/\s+/g, ' ');
  }

  /** Backups of a source, oldest first. */
  private async stored(source: string): Promise<readonly Manifest[]> {
    return (await readCatalog(new S3CatalogStore(this.s3, this.outputs.Bucket!), source)).backups;
  }

  private async read(Key: string): Promise<string> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.outputs.Bucket, Key }));
    return Body!.transformToString();
  }
}
