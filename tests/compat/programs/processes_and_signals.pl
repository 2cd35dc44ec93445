# Children, pipes and signals. Prints nothing that varies.
use strict;
use warnings;
use POSIX qw(:sys_wait_h :signal_h :errno_h);
use Time::HiRes qw(setitimer ITIMER_REAL usleep time);
$| = 1;

# Twenty children, each with a status of its own, reaped in any order.
my %expect;
for my $n (1 .. 20) {
    my $pid = fork // die "fork: $!";
    exit($n) unless $pid;
    $expect{$pid} = $n;
}
my $right = 0;
while ((my $pid = wait) > 0) {
    $right++ if ($? >> 8) == delete $expect{$pid};
}
print "children with the right status: $right\n";

# A pipe in each direction, a large answer.
pipe(my $from_child, my $to_parent) or die;
pipe(my $from_parent, my $to_child) or die;
my $pid = fork // die;
if (!$pid) {
    close $from_child;
    close $to_child;
    while (<$from_parent>) {
        chomp;
        print $to_parent "$_ squared is " . $_ * $_ . "\n";
    }
    exit 0;
}
close $to_parent;
close $from_parent;
print $to_child "$_\n" for 1 .. 5000;
close $to_child;
my @lines = <$from_child>;
waitpid $pid, 0;
print scalar(@lines), " lines, last: $lines[-1]";

# Commands.
print `printf 'captured %s' output`, "\n";
system 'sh', '-c', 'exit 9';
print "system: ", $? >> 8, "\n";
system 'kill -TERM $$';
print "system by signal: ", $? & 127, "\n";
open my $sorter, '|-', 'sort -n | tail -n 1' or die;
print $sorter "$_\n" for reverse 1 .. 1000;
close $sorter;
open my $reader, '-|', 'seq', 3 or die;
print "read: ", join(',', map { chomp; $_ } <$reader>), "\n";
close $reader;
no warnings 'exec';
my $missing = open my $none, '-|', 'no-such-program-here';
print "exec failed: ", $missing ? 'no' : 'yes', " ", $!{ENOENT} ? 'ENOENT' : $!, "\n";

# Handlers, masks and interrupted calls.
my $count = 0;
$SIG{USR1} = sub { $count++ };
kill USR1 => $$ for 1 .. 100;
print "USR1 handled: $count\n";
my $set = POSIX::SigSet->new(SIGUSR1);
sigprocmask(SIG_BLOCK, $set);
kill USR1 => $$;
kill USR1 => $$;
my $pending = POSIX::SigSet->new;
sigpending($pending);
print "pending: ", $pending->ismember(SIGUSR1), " handled still: $count\n";
sigprocmask(SIG_UNBLOCK, $set);
print "after unblocking: $count\n";

eval {
    local $SIG{ALRM} = sub { die "alarm\n" };
    alarm 1;
    sleep 20;
    alarm 0;
};
print "sleep ended by: $@";

my $ticks = 0;
$SIG{ALRM} = sub { $ticks++ };
setitimer(ITIMER_REAL, 0.01, 0.01);
my $work = 0;
while ($ticks < 20) { $work++ }
setitimer(ITIMER_REAL, 0);
print "ticked: ", $ticks >= 20 ? 'yes' : 'no', ", worked: ", $work > 0 ? 'yes' : 'no', "\n";

# A read that a signal interrupts: EINTR is seen because sigaction() has no SA_RESTART. The first signal may come before
# the read.
pipe(my $quiet, my $never) or die;
sigaction(SIGALRM, POSIX::SigAction->new(sub { }));
setitimer(ITIMER_REAL, 0.1, 0.1);
my $got = sysread $quiet, my $buffer, 1;
my $interrupted = !defined $got && $!{EINTR};
setitimer(ITIMER_REAL, 0);
print "read interrupted: ", $interrupted ? 'EINTR' : 'no', "\n";

# SIGCHLD and non-blocking wait.
my $reaped = 0;
$SIG{CHLD} = sub { $reaped++ while waitpid(-1, WNOHANG) > 0 };
for (1 .. 10) {
    my $p = fork // die;
    exit 0 unless $p;
}
usleep 10_000 while $reaped < 10;
print "reaped in the handler: $reaped\n";
$SIG{CHLD} = 'DEFAULT';

# Stopped and continued; perl hides the status of a stopped child, /proc does not.
$pid = fork // die;
if (!$pid) { kill STOP => $$; exit 3 }
print "waited for a stop: ", waitpid($pid, WUNTRACED) == $pid ? 'yes' : 'no', "\n";
open my $stat, '<', "/proc/$pid/stat" or die;
print "state: ", (split ' ', <$stat>)[2], "\n";
kill CONT => $pid;
waitpid $pid, 0;
print "then ended: ", $? >> 8, "\n";

my %words;
$words{ $_ % 997 }++ for 1 .. 200_000;
print scalar(keys %words), ' ', join(',', (sort { $a <=> $b } keys %words)[-3 .. -1]), "\n";
