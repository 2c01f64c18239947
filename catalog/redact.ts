const NAMES = [
  ...['password', 'passwd', 'passphrase', 'pwd', 'secret[_-]?access[_-]?key', 'secret[_-]?key', 'client[_-]?secret'],
  ...['session[_-]?token', 'security[_-]?token', 'access[_-]?token', 'auth[_-]?token', 'api[_-]?key'],
];
const NAME = `(?:${NAMES.join('|')})`;
/** In quotes, which may be escaped, or up to where a value ends. */
const VALUE = [
  ...[String.raw`\\"(?:(?!\\").)*(?:\\"|$)`, String.raw`"(?:[^"\\]|\\.)*(?:"|$)`, String.raw`'(?:[^'\\]|\\.)*(?:'|$)`],
  String.raw`[^\s,;&"'}]+`,
].join('|');

/** Secrets, as they turn up in logs and errors: what is matched, and what is left of it. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '*** PRIVATE KEY ***'],
  [/AGE-SECRET-KEY-[0-9A-Z-]{2,}/gi, '***'],
  // A line of one of OpenSSH: each line is an event of its own in a log.
  [/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/]{60,}={0,2}$/gm, '***'],
  // postgres://backup:s3cret@host; the password itself may hold a colon or a slash.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi, '$1:***@'],
  [/(IDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)\s+(?:PASSWORD\s+)?)(?:'(?:[^'\\]|\\.|'')*'?|"[^"]*"?)/gi, "$1'***'"],
  [/\b((?:ENCRYPTED\s+)?PASSWORD\s+)(?:'(?:[^'\\]|\\.|'')*'?)/gi, "$1'***'"],
  [
    /\b(Authorization["']?\s*[:=]\s*["']?)(?:(Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)\s+)?[^\s"'][^"'\n]*/gi,
    '$1$2 ***',
  ],
  [/\b(Bearer\s+)[A-Za-z0-9._~+/-]{8,}=*/gi, '$1***'],
  // Not of an ordinary sentence: `Basic` and a text of base64 that ends or mixes like one.
  [/\b(Basic\s+)(?=[A-Za-z0-9+/]*[0-9A-Z+/=])(?:[A-Za-z0-9+/]{4}){3,}[A-Za-z0-9+/=]*/g, '$1***'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, '***'],
  // `password=…`, `--password=…`, `PGPASSWORD=…`, `MYSQL_PWD='…'`, `secretAccessKey = …`.
  [new RegExp(String.raw`(${NAME}\\?["']?\s*=\s*)(?:${VALUE})`, 'gi'), '$1***'],
  // `"DATABASE_PASSWORD": "…"`, in JSON that may be within JSON.
  [new RegExp(String.raw`(${NAME}\\?["']\s*:\s*)(?:${VALUE})`, 'gi'), '$1***'],
  // `password: hunter2`, but not `password: it was refused`.
  [/\b(password|passwd|PGPASSWORD|secretAccessKey|aws_secret_access_key):[ \t]*(?=\S*[\d!#$%^&*_])\S+/gi, '$1: ***'],
  [/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b/g, '***'],
  // A secret access key by itself: 40 characters of base64 with all kinds. A SHA-1 has no capitals.
  [
    /(?<![A-Za-z0-9+/=])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*\d)[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g,
    '***',
  ],
  [/([?&]X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+/gi, '$1***'],
];

/** Takes out of a text what looks like a secret. The program hides those that it knows; this is for what others print. */
export const redact = (text: string): string =>
  PATTERNS.reduce((result, [pattern, left]) => result.replace(pattern, left), text);
