import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Emulator } from '../emulator/emulator';
import type { InstalledVersion } from '../servers/versions';
import { numberOf } from '../servers/versions';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import type { DumpJob, RestoreJob } from '../../catalog/contract/task';
import { IMAGE_FILES, inImage } from '../support/in-image';
import { quoted } from '../support/in-root';
import { temporaryDirectory } from '../support/processes';

/** The job in the script of a document, in Base64. */
const JOB = /(?<=^BACKUP_JOB=\$\(echo ')[^']+/m;

/** A directory of the host in the script of a document. */
const DIRECTORY = /(?<=^data=')\/[^']+/m;

/** What a container has said, and where its log driver writes that. */
export interface ContainerLog {
  readonly group: string;
  readonly stream: string;
  readonly text: string;
}

/** A `docker` for an instance without an engine: a container is a process in the system of a version, as its image would have it. */
export class ProcessDocker {
  private readonly scratch = temporaryDirectory('scratch');
  /** Of each container, what it has said, and its exit code once it has ended. */
  private readonly containers = temporaryDirectory('containers');
  private readonly volumes = temporaryDirectory('volumes');
  /** What is below the root of the host. */
  private readonly disk = temporaryDirectory('disk');
  /** Networks of Docker and of containers that are not there. */
  private readonly gone = temporaryDirectory('networks');
  /** Is there while the disk of the host is full. */
  private readonly full = path.join(this.gone, 'space');
  /** Script of the command. */
  readonly command: string;

  /** @param version of the server on the instance; its system has all that other images need */
  constructor(
    { endpoint }: Emulator,
    private readonly version: InstalledVersion,
  ) {
    const runAs = (isRoot: boolean): string => {
      const own = [IMAGE_FILES.node, IMAGE_FILES.main];
      const { command, args, environment } = inImage(version, this.scratch, own, { onInstance: true, isRoot });
      const set = Object.entries({ ...environment, AWS_ENDPOINT_URL: endpoint }).map(
        ([name, value]) => `${name}=${quoted(value)}`,
      );
      // Nothing of the host's environment but what was named.
      const handed = ['HANDED="$handed"', 'DATA="$data"', 'DATA_ACCESS="$access"'];
      return ['env -i "$@"', ...handed, ...set, command, ...args.map(quoted), '"$action"'].join(' ');
    };
    this.command = `PATH=${quoted(process.env.PATH!)}
umask 022
cd ${quoted(this.containers)}
case $1 in
version | ps | rm) ;;
image) echo '"Id": "sha256:0"' ;;
volume) [ -d ${quoted(this.volumes)}/"$3" ] ;;
inspect) echo '"OOMKilled": false' ;;
wait)
  until [ -f "$2" ]; do sleep 0.05; done
  cat "$2"
  ;;
run)
  [ ! -e ${quoted(this.full)} ] || { echo 'write /var/lib/docker: no space left on device' >&2; exit 125; }
  data= access=rw user=
  while [ $# -gt 0 ]; do
    case $1 in
    --name) name=$2 ;;
    --user) user=$2 ;;
    --log-opt)
      case $2 in awslogs-group=*) group=\${2#*=} ;; awslogs-stream=*) stream=\${2#*=} ;; esac
      ;;
    --network)
      [ ! -e ${quoted(this.gone)}/"$2" ] || { echo "network or container $2 not found" >&2; exit 125; }
      ;;
    --mount)
      source=\${2#*source=} source=\${source%%,*}
      case $2 in
      type=volume*) data=${quoted(this.volumes)}/$source ;;
      *,destination=${DATA_DIRECTORY}*) data=$source ;;
      *) handed=$source ;;
      esac
      case $2 in *,destination=${DATA_DIRECTORY},readonly*) access=ro ;; esac
      ;;
    --env)
      case $2 in *=*) export "$2" ;; esac
      names="\${names:-} \${2%%=*}"
      ;;
    esac
    action=$1
    shift
  done
  for one in $names; do eval 'set -- "$@" "$one=$'"$one"'"'; done
  (
    if [ "$user" = 0:0 ]; then ${runAs(true)}; else ${runAs(false)}; fi >"$name.log" 2>&1
    echo $? >"$name.ended"
    printf '%s\\n' "$group" "$stream" >"$name.stream"
    mv "$name.ended" "$name"
  ) </dev/null >/dev/null 2>&1 &
  ;;
*) exit 1 ;;
esac`;
  }

  /**
   * What becomes of the script of a document: this machine has the server elsewhere, in another version, its directories in a folder, and no
   * scratch volume.
   *
   * @param port of the server, which listens on this machine's loopback address
   */
  onThisMachine(port: number): (script: string) => string {
    return (script) =>
      script
        .replace(DIRECTORY, (name) => this.directory(name))
        .replace(JOB, (text) => {
          const job = JSON.parse(Buffer.from(text, 'base64').toString()) as DumpJob | RestoreJob;
          const { server } = job;
          const own = {
            ...job,
            scratchDirectory: this.scratch,
            ...('engineVersion' in job && { engineVersion: numberOf(this.version) }),
            ...(server && { server: { ...server, host: '127.0.0.1', port } }),
          };
          return Buffer.from(JSON.stringify(own)).toString('base64');
        });
  }

  /** The folder that is a directory of the host. */
  directory(name: string): string {
    return path.join(this.disk, name);
  }

  /** The folder of a volume, which is made. */
  volume(name: string): string {
    const folder = path.join(this.volumes, name);
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Takes a network away, or that of a container: `container:shop-db-1`; or brings it back. */
  network(name: string, isThere: boolean): void {
    setMark(path.join(this.gone, name), !isThere);
  }

  /** Fills the disk of the host, or frees it. */
  fill(isFull: boolean): void {
    setMark(this.full, isFull);
  }

  /** The logs of containers that have ended since this was asked last. */
  takeLogs(): ContainerLog[] {
    const ended = fs.readdirSync(this.containers).filter((name) => name.endsWith('.stream'));
    return ended.map((name) => {
      const file = path.join(this.containers, name);
      const [group = '', stream = ''] = fs.readFileSync(file, 'utf8').split('\n');
      fs.rmSync(file);
      return { group, stream, text: fs.readFileSync(file.replace(/stream$/, 'log'), 'utf8') };
    });
  }

  remove(): void {
    for (const folder of [this.scratch, this.containers, this.volumes, this.disk, this.gone])
      fs.rmSync(folder, { recursive: true, force: true });
  }
}

function setMark(file: string, isThere: boolean): void {
  if (isThere) fs.writeFileSync(file, '');
  else fs.rmSync(file);
}
