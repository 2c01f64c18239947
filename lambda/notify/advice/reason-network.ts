import type { Facts, Step } from './steps';
import { arg, definition } from './steps';
import { page } from './links';
import type { ConnectionKind, Server } from './server-of';
import { rdsInstances } from './server-of';

const address = ({ host, port }: Server): string => (host === undefined ? '"$HOST":"$PORT"' : arg(`${host}:${port}`));

/** Shows the certificate of the server; to be run in the VPC. */
const certificate = (server: Server): Step => ({
  say: 'See it, from a machine in the VPC:',
  run: `echo | openssl s_client -connect ${address(server)} -starttls ${server.isPostgresql ? 'postgres' : 'mysql'} | openssl x509 -noout -subject -ext subjectAltName -dates`,
});

const trust = {
  say: 'Give the authority that signed it with DatabaseTls.certificateAuthority(pem), and deploy. Of RDS it is DatabaseTls.amazonRds().',
};

const instance = (facts: Facts, server: Server): Step =>
  rdsInstances(
    facts,
    `See whether the server runs, and listens on port ${server.port ?? '$PORT'}. If it is one of RDS:`,
    'Endpoint.Port,DBInstanceStatus',
  );

/** The server was not reached, or is not the one that it says. */
export const NETWORK_KINDS: readonly ConnectionKind[] = [
  {
    name: "the server's certificate has expired",
    says: /certificate has expired/,
    likelyCause: 'The server was reached, and its certificate is no longer valid. Nobody renewed it.',
    steps: (facts, server) => [
      certificate(server),
      { say: 'Renew it on the server. On RDS see which authority it has:', run: rdsAuthority(facts) },
      {
        say: 'And give it a new one ($INSTANCE from the line before; some engines restart by it):',
        run: facts.aws(
          'rds modify-db-instance',
          '--db-instance-identifier "$INSTANCE"',
          '--ca-certificate-identifier rds-ca-rsa2048-g1',
          '--apply-immediately',
        ),
      },
    ],
  },
  {
    name: "the server's certificate is for another name",
    says: /certificate is for another name/,
    likelyCause: 'The server was reached by an address or an alias that is not in its certificate.',
    steps: (_, server) => [
      certificate(server),
      { say: 'Give one of the names in it as host of the database, and deploy.' },
    ],
  },
  {
    name: "nobody that is trusted signed the server's certificate",
    says: /not signed by a trusted authority|certificate is self-signed/,
    likelyCause:
      'The server was reached, and shows a certificate of an authority that the backup does not know: it was renewed by another authority, or it is another server.',
    steps: (_, server) => [certificate(server), trust],
  },
  {
    name: 'the server offers no TLS',
    says: /offers no TLS/,
    likelyCause: 'The server was reached, and does not speak TLS: it was set up anew without, or is another server.',
    steps: (_, { isPostgresql }) => [
      {
        say: 'See it, as an administrator:',
        run: isPostgresql ? 'SHOW ssl;' : "SHOW VARIABLES LIKE '%ssl%';",
      },
      { say: 'Switch it on there. Only if clear text is acceptable: DatabaseTls.off(reason), and deploy.' },
    ],
  },
  {
    name: 'the name of the server is not known',
    says: /no such host name|name server did not answer/,
    likelyCause:
      'No address was found for the name of the server: a typing error, a server that was deleted or renamed, or a private zone that the VPC does not know.',
    steps: (facts, { host }) => [
      {
        say: 'See whether it has an address, from a machine in the VPC:',
        run: `dig +short ${host === undefined ? '"$HOST"' : arg(host)}`,
      },
      rdsInstances(facts, 'If it is a server of RDS, see its name now:', 'DBInstanceStatus'),
      {
        say: 'If it is a name in a private zone, see whether the VPC has that zone ($VPC: id of the VPC):',
        run: facts.aws(
          'route53 list-hosted-zones-by-vpc',
          '--vpc-id "$VPC"',
          `--vpc-region ${arg(facts.place.region)}`,
          '--query "HostedZoneSummaries[].Name"',
        ),
      },
      { say: 'If it has another name now: correct host of the database, and deploy.' },
    ],
  },
  {
    name: 'nothing listens there',
    says: /nothing listens there/,
    likelyCause:
      'The host answered that nobody listens on this port: the network is right, the server is down, is being restarted, or has another port.',
    steps: (facts, server) => [
      instance(facts, server),
      { say: 'If its port is another: correct port of the database, and deploy.' },
    ],
  },
  {
    name: 'the server does not answer',
    // Of PostgreSQL's driver the second; the last two say that there is no route.
    says: /no answer: let the security group|timeout expired|EHOSTUNREACH|ENETUNREACH/,
    likelyCause:
      'No answer came: the security group of the database does not admit the task, or there is no route to it. If it worked until now: a security group that was changed, or a server that is gone.',
    steps: (facts, server) => [
      rdsInstances(
        facts,
        `Find the security group of ${server.host ?? 'the database'}, for $DATABASE_GROUP. On RDS:`,
        'VpcSecurityGroups[].VpcSecurityGroupId',
      ),
      {
        say: 'Find that of the run, for $GROUP. If none is shown, it is in securityGroups of your code:',
        run: facts.aws(
          'ec2 describe-security-groups',
          `--filters ${arg(`Name=description,Values=Backup of ${facts.about}`)}`,
          '--query "SecurityGroups[].GroupId"',
          '--output text',
        ),
      },
      {
        say: 'Let the one in to the other. If it says that the rule exists already, look at the route instead:',
        run: facts.aws(
          'ec2 authorize-security-group-ingress',
          '--group-id "$DATABASE_GROUP"',
          '--protocol tcp',
          `--port ${server.port ?? '"$PORT"'}`,
          '--source-group "$GROUP"',
        ),
      },
      { say: 'To keep it, write it into your code as well:', run: page('networking.md#security-groups') },
    ],
  },
];

const rdsAuthority = (facts: Facts): string =>
  rdsInstances(facts, '', 'CACertificateIdentifier,CertificateDetails.ValidTill').run!;

/** What nothing is known of but that it failed. */
export const UNKNOWN_KIND: ConnectionKind = {
  name: 'why, its log says',
  says: /(?:)/,
  likelyCause:
    'The name, the route, a security group, the certificate, or user and password. If it worked until now: something of that was changed, or the server is down.',
  steps: (facts) => [
    definition(facts, 'See which host and port the run connects to:', "environment[?name=='BACKUP_JOB'].value"),
  ],
};
