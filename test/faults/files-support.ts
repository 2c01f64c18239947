import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { FilesJob } from '../../catalog/contract/task';
import { RestoreScene } from '../restore/support';
import { filesJob } from '../support/job';
import { Program, type ProgramOptions } from '../support/program';

/** Directories, a source each, and their backups. */
export class FilesScene {
  private count = 0;

  private constructor(readonly restore: RestoreScene) {}

  static async start(): Promise<FilesScene> {
    return new FilesScene(await RestoreScene.start());
  }

  stop(): Promise<void> {
    return this.restore.stop();
  }

  /** Where all of them are. */
  get directory(): string {
    return this.restore.directory;
  }

  /** Backups of the newest directory. */
  get manifests(): readonly Manifest[] {
    return this.restore.manifests(this.source);
  }

  /** A directory of a test alone, with these files. */
  directoryOf(files: Record<string, string>): string {
    const directory = path.join(this.directory, `files-${++this.count}`);
    fs.mkdirSync(directory);
    for (const [name, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
      fs.writeFileSync(path.join(directory, name), content);
    }
    return directory;
  }

  job(directory: string, files: FilesJob = {}) {
    return filesJob(directory, this.restore.place(this.source), files);
  }

  run(directory: string, files: FilesJob = {}, options: Partial<ProgramOptions> = {}) {
    return Program.run({ job: this.job(directory, files), aws: this.restore.s3.environment, ...options });
  }

  async backUp(directory: string, files?: FilesJob, options?: Partial<ProgramOptions>): Promise<Manifest> {
    expect(await this.run(directory, files, options)).toMatchObject({ exit: 'success', failure: '' });
    return this.manifests.at(-1)!;
  }

  /** What stock tar and zstd make of a backup. */
  extracted({ objects }: Manifest): string {
    const target = path.join(this.directory, `extracted-${this.count}`);
    fs.rmSync(target, { recursive: true, force: true });
    fs.mkdirSync(target);
    const input = zstdDecompressSync(this.restore.s3.get(objects[0]!.key));
    const args = ['-x', '--delay-directory-restore', '--xattrs', '-C', target];
    const { status, stderr } = spawnSync('tar', args, { input });
    expect([status, stderr.toString()]).toEqual([0, '']);
    return target;
  }

  /** The list of contents of a backup. */
  contentsOf({ objects }: Manifest): readonly { path: string; type: string; link?: string; sha256?: string }[] {
    return zstdDecompressSync(this.restore.s3.get(objects[1]!.key))
      .toString()
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as { path: string; type: string });
  }

  /** A tar that does something when it is to archive, before it does so: `$N` is how often it was started for that. */
  tarThat(does: string): { readonly toolsDirectory: string } {
    const folder = path.join(this.directory, `tools-${this.count}`);
    fs.mkdirSync(folder);
    fs.writeFileSync(
      path.join(folder, 'tar'),
      `#!/bin/sh\ncase "$*" in *--create*) ;; *) exec /bin/tar "$@";; esac\necho >> ${folder}/starts\nN=$(wc -l < ${folder}/starts)\n${does}\nexec /bin/tar "$@"\n`,
      { mode: 0o755 },
    );
    return { toolsDirectory: folder };
  }

  /** The same, when all names were found, and nothing was read. */
  tarThatFirst(does: string): { readonly toolsDirectory: string } {
    const names = path.join(this.directory, `names-${this.count}`);
    return this.tarThat(`cat > ${names}; ${does}; exec /bin/tar "$@" < ${names}`);
  }

  private get source(): string {
    return `files-${this.count}`;
  }
}
