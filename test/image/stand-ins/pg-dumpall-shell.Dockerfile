# pg_dumpall asks pg_dump for its version through /bin/sh: this one does that, and nothing else.
ARG IMAGE
FROM ${IMAGE}
COPY only-pg-dump-version.pl /bin/sh
