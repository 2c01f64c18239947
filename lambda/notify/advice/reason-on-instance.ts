import type { CommonReason } from '../../../catalog/contract/failure';
import type { SqliteReason } from '../../../engines/sqlite/facts';
import type { Step } from './advice-table';
import type { AdviceContext } from './context';
import { page } from './links';
import type { ReasonAdvice } from './reason-advice';
import { makeCertificate, NETWORK_REASONS, showCertificate } from './reason-connection';
import { STORAGE_REASONS } from './reason-storage';
import { definition, endpoints, shell } from './steps';

const NETWORK: Step = {
  say: 'What the run reaches from each network:',
  run: page('instances.md#which-instance-which-network'),
};
const SERVER_LOG: Step = {
  say: 'Read what the server wrote to its log at that time ($CONTAINER: name of its container):',
  run: 'docker logs --since 24h "$CONTAINER"',
};
const CERTIFICATES = page('tls.md#mysql-mariadb-or-postgresql-in-docker');
const ON_INSTANCE = 'on the instance (by its address, if only Docker knows its name)';

/** Shows the containers of the instance, also those that have ended. */
const containers = (say: string): Step => ({
  say,
  run: 'docker ps --all --format "{{.Names}} | {{.Status}} | {{.Networks}} | {{.Ports}}"',
});

const networkOf = (context: AdviceContext): Step =>
  definition(context, 'See which network the run is in: --network in the script:', '');

/** What is different for runs on instances: there, most servers are in Docker, and no security group is the run's own. */
export const INSTANCE_REASONS: Readonly<Partial<Record<CommonReason | SqliteReason, ReasonAdvice>>> = {
  'scratch-full': {
    title: 'no room on the disk of the instance',
    happened: () => 'what the run has to write beside the backup does not fit on the disk of the instance',
    likelyCause:
      'What is backed up has grown, or something else fills the disk. A run writes into a volume of Docker, on the disk of the instance: the snapshot of an SQLite database, and leaves a tenth of the disk free, or 1 GiB if that is less.',
    action: 'Free disk of the instance, or enlarge it.',
    steps: (context) => [
      shell(context),
      {
        say: 'See what fills the disk of Docker:',
        run: 'df -h "$(docker info --format "{{.DockerRootDir}}")"\ndocker system df',
      },
      { say: 'Free disk, or enlarge the volume of EBS and the file system on it.' },
    ],
  },
  'host-unknown': {
    ...NETWORK_REASONS['host-unknown'],
    likelyCause:
      'A typing error, a container that was renamed, or a container that is not in the network of Docker in which the run is.',
    action: 'Correct host of the database, or network of runsOn.',
    steps: (context) => [
      shell(context),
      containers('See which containers run, and in which networks:'),
      networkOf(context),
      { say: 'If the container has another name or network now, correct host or network, and deploy.' },
      NETWORK,
    ],
  },
  'name-server-silent': {
    ...NETWORK_REASONS['name-server-silent'],
    likelyCause: 'The name servers of the instance do not answer. Docker asks the same ones.',
    action: 'Look at the name servers of the instance.',
    steps: (context) => [shell(context), { say: 'See which name servers it asks:', run: 'cat /etc/resolv.conf' }],
  },
  'nothing-listens': {
    ...NETWORK_REASONS['nothing-listens'],
    likelyCause:
      'The server is down, restarting, or has another port. Or its port is not published, and the run is not in its network.',
    action: 'Start the server, or correct port of the database or network of runsOn.',
    steps: (context) => [
      shell(context),
      containers(`See whether the server runs and listens on port ${context.values.port ?? '$PORT'}:`),
      networkOf(context),
      { say: 'If it has another port or network now, correct port or network, and deploy.' },
      NETWORK,
    ],
  },
  'connection-lost': {
    ...NETWORK_REASONS['connection-lost'],
    likelyCause: 'The server was restarted, or ran out of memory. The run has tried it twice.',
    steps: (context) => [shell(context), containers('See whether the server runs, and since when:'), SERVER_LOG],
  },
  'no-answer': {
    ...NETWORK_REASONS['no-answer'],
    likelyCause:
      'The server hangs, or a firewall drops what the run sends. If it is on another machine, that may be gone.',
    action: 'See whether the server answers, and let it admit the instance.',
    steps: (context) => [
      shell(context),
      containers('See whether the server runs:'),
      networkOf(context),
      {
        say: `If the server is on another machine, let its firewall or security group admit the instance on port ${context.values.port ?? '$PORT'}.`,
      },
      NETWORK,
    ],
  },
  'not-ready': {
    ...NETWORK_REASONS['not-ready'],
    steps: (context) => [shell(context), containers('See whether the server runs, and since when:'), SERVER_LOG],
  },
  'certificate-expired': {
    ...NETWORK_REASONS['certificate-expired'],
    steps: (context) => [
      shell(context),
      showCertificate(context, ON_INSTANCE),
      makeCertificate(context.values),
      { say: 'Give it to the server, and to the backup, and deploy:', run: CERTIFICATES },
    ],
  },
  'certificate-name': {
    ...NETWORK_REASONS['certificate-name'],
    steps: (context) => [
      shell(context),
      showCertificate(context, ON_INSTANCE),
      { say: 'Use one of its names as host of the database, and deploy.' },
    ],
  },
  'certificate-untrusted': {
    ...NETWORK_REASONS['certificate-untrusted'],
    steps: (context) => [
      shell(context),
      showCertificate(context, ON_INSTANCE),
      {
        say: 'Give the authority that signed it with DatabaseTls.certificateAuthority(pem), and deploy:',
        run: CERTIFICATES,
      },
    ],
  },
  'certificate-self-signed': {
    ...NETWORK_REASONS['certificate-self-signed'],
    steps: (context, ofEngine) => [
      shell(context),
      showCertificate(context, ON_INSTANCE),
      makeCertificate(context.values),
      ...ofEngine,
      {
        say: 'Give server-cert.pem to the backup with DatabaseTls.certificateAuthority, and deploy:',
        run: CERTIFICATES,
      },
    ],
  },
  's3-not-reached': {
    ...STORAGE_REASONS['s3-not-reached'],
    likelyCause:
      'The instance has no way out to S3 any more, or the run is in an internal network of Docker, which has none.',
    action: 'Give the instance a way out to S3, or the run another network.',
    steps: (context) => [
      endpoints(context, 's3', 'Look for the endpoint of S3 in the VPC of the instance, or for another route:'),
      networkOf(context),
      NETWORK,
    ],
  },
};
