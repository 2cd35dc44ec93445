# Sockets of three families and SysV IPC between processes.
use strict;
use warnings;
use Socket;
use IO::Socket::INET;
use IO::Socket::UNIX;
use IO::Select;
use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_RMID S_IRUSR S_IWUSR IPC_NOWAIT);
$| = 1;

# A forking TCP server on a port that the kernel chooses.
my $server = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') or die "listen: $@";
my $port = $server->sockport;
my $server_pid = fork // die;
if (!$server_pid) {
    for (1 .. 5) {
        my $client = $server->accept or die;
        my $pid = fork // die;
        if (!$pid) {
            while (<$client>) { print $client uc }
            exit 0;
        }
        close $client;
    }
    1 while wait > 0;
    exit 0;
}
for my $n (1 .. 5) {
    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $@";
    print $client "message $_ of client $n\n" for 1 .. 50;
    shutdown $client, 1;
    my @answers = <$client>;
    print scalar(@answers), " answers, last $answers[-1]";
}
waitpid $server_pid, 0;
print "server ended: $?\n";

# UDP.
my $a = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') or die;
my $b = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => $a->sockport) or die;
$b->send('datagram');
$a->recv(my $data, 100);
print "udp: $data\n";

# Socket pair and select.
socketpair(my $left, my $right, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
my $select = IO::Select->new($right);
print "readable before: ", scalar(my @none = $select->can_read(0.05)), "\n";
syswrite $left, 'x';
print "readable after: ", scalar(my @some = $select->can_read(1)), "\n";

# Unix socket in the file system, and an abstract one.
my $path = "$ENV{TMPDIR}/socket";
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "unix: $!";
my $pid = fork // die;
if (!$pid) {
    my $peer = IO::Socket::UNIX->new(Peer => $path) or die;
    print $peer "over a path\n";
    exit 0;
}
print $listener->accept->getline;
waitpid $pid, 0;

# SysV: message queue, semaphores, shared memory.
my $queue = msgget(IPC_PRIVATE, IPC_CREAT | S_IRUSR | S_IWUSR) // die "msgget: $!";
my $sem = semget(IPC_PRIVATE, 1, IPC_CREAT | S_IRUSR | S_IWUSR) // die "semget: $!";
my $shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | S_IRUSR | S_IWUSR) // die "shmget: $!";
$pid = fork // die;
if (!$pid) {
    shmwrite $shm, 'written by the child', 0, 32 or die;
    msgsnd $queue, pack('l! a*', 7, 'typed message'), 0 or die;
    semop $sem, pack('s!3', 0, 1, 0) or die;
    exit 0;
}
semop $sem, pack('s!3', 0, -1, 0) or die "semop: $!";
msgrcv $queue, my $message, 100, 7, 0 or die;
my ($type, $text) = unpack 'l! a*', $message;
shmread $shm, my $shared, 0, 20 or die;
waitpid $pid, 0;
print "type $type: $text; shared: $shared\n";
print "queue empty: ", msgrcv($queue, $message, 100, 0, IPC_NOWAIT) ? 'no' : $!{ENOMSG} ? 'yes' : $!, "\n";
msgctl $queue, IPC_RMID, 0;
semctl $sem, 0, IPC_RMID, 0;
shmctl $shm, IPC_RMID, 0;
