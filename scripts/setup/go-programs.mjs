// Programs in Go that tests and the bench run, built from the modules that a `go.sum` of ours pins.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findGo } from './go.mjs';
import { ROOT, SetupError, logged, say } from './say.mjs';

const stamp = (folder) => join(folder, 'built');

/** Programs of one module, in a folder of `.tools`. */
export class GoPrograms {
  /**
   * @param module folder of its `go.mod`
   * @param folder in `.tools`; the programs are in `bin` there
   * @param packages by the name of their program
   * @param release for the linker: what the programs say of themselves
   */
  constructor({ module, folder, packages, release = '' }) {
    this.module = join(ROOT, module);
    this.folder = join(ROOT, '.tools', folder);
    this.packages = packages;
    this.release = release;
  }

  /** Whether the programs of the pinned modules are there. */
  get areBuilt() {
    return existsSync(stamp(this.folder)) && readFileSync(stamp(this.folder), 'utf8') === this.wanted;
  }

  get wanted() {
    return [readFileSync(join(this.module, 'go.sum')), this.release, JSON.stringify(this.packages)]
      .reduce((hash, part) => hash.update(part), createHash('sha256'))
      .digest('hex');
  }

  /**
   * Builds the programs, unless they are there: static ones, which run in every root.
   *
   * @throws SetupError if one cannot be built
   */
  async build() {
    if (this.areBuilt) return;
    const unfinished = `${this.folder}.unfinished`;
    const log = `${this.folder}.log`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(log, '');
    const go = findGo();
    say(`building ${Object.keys(this.packages).join(', ')} …`);
    const flags = `-s -w ${this.release}`.trim();
    for (const [program, name] of Object.entries(this.packages)) {
      const args = ['build', '-trimpath', '-ldflags', flags, '-o', join(unfinished, 'bin', program), name];
      const environment = ['CGO_ENABLED=0', 'GOFLAGS=-mod=readonly', 'GOTOOLCHAIN=local', 'GOWORK=off'];
      const { code } = await logged(log, ['env', '-C', this.module, ...environment, go, ...args]);
      if (code !== 0) throw new SetupError(`${program} could not be built: ${code}; the output is in ${log}`);
    }
    writeFileSync(stamp(unfinished), this.wanted);
    rmSync(this.folder, { recursive: true, force: true });
    renameSync(unfinished, this.folder);
  }
}
