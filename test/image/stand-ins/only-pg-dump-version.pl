#!/usr/bin/perl
exec {$1} $1, '-V' if "@ARGV" =~ m{^-c "([\w./]+/pg_dump)" -V};
print STDERR "a shell was asked for: @ARGV\n";
exit 126;
