# Shared by serve.pl and step.pl. Only perl-base (Essential on Debian) is needed on a node, and nothing is installed there.
# One fork and one exec per command: no shell, no timeout(1), no head(1).
use strict;
use warnings;

# Linux's numbers: Fcntl and Errno would double the time this takes to start on a slow node.
sub O_RDONLY () { 0 }
sub O_WRONLY () { 1 }
sub O_CREAT ()  { 64 }
sub O_EXCL ()   { 128 }
sub O_SYNC ()   { 1052672 }
sub LOCK_SH ()  { 1 }
sub LOCK_EX ()  { 2 }
sub LOCK_NB ()  { 4 }
sub ENOENT ()   { 2 }
sub EINTR ()    { 4 }
sub EEXIST ()   { 17 }
sub AF_UNIX ()    { 1 }
sub SOCK_DGRAM () { 2 }
sub MSG_DONTWAIT () { 64 }

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };    # the end of a command wakes who waits for its output
%ENV = (
    PATH   => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL => 'C',
    HOME   => '/root',
);
umask 022;

# Seconds of the monotonic clock; Time::HiRes is not in perl-base.
sub clock {
    open(my $uptime, '<', '/proc/uptime') or return time;
    return (split ' ', readline $uptime)[0] + 0;
}

sub pack_fields   { return pack '(N/a*)*', @_ }
sub unpack_fields { return unpack '(N/a*)*', $_[0] }

sub slurp {
    my ($path) = @_;
    sysopen(my $file, $path, O_RDONLY) or return undef;
    my $text = '';
    while (my $n = sysread $file, $text, 65536, length $text) { }
    return $text;
}

sub write_all {
    my ($file, $text) = @_;
    my $at = 0;
    while ($at < length $text) {
        my $n = syswrite $file, $text, length($text) - $at, $at;
        next if !defined $n && $! == EINTR;
        return 0 unless $n;
        $at += $n;
    }
    return 1;
}

# Head and tail of a stream that may be endless. Returns the part of the new data that went to the head.
sub keep {
    my ($kept, $data, $half) = @_;
    my $room = $half - length $kept->{head};
    my $part = $room > 0 ? substr($data, 0, $room, '') : '';
    $kept->{head} .= $part;
    $kept->{tail} .= $data;
    if (length $kept->{tail} > 2 * $half) {
        $kept->{dropped} += length($kept->{tail}) - $half;
        $kept->{tail} = substr $kept->{tail}, -$half;
    }
    return $part;
}

# What comes after the head: nothing, or the note of what was left out and the tail.
sub rest_of {
    my ($kept, $half) = @_;
    my $over = length($kept->{tail}) - $half;
    if ($over > 0) {
        $kept->{dropped} += $over;
        $kept->{tail} = substr $kept->{tail}, -$half;
    }
    return $kept->{tail} unless $kept->{dropped};
    return "\n[$kept->{dropped} bytes left out]\n$kept->{tail}";
}

# A datagram socket in a directory; its name is relative, because the length of a path is limited.
sub listen_in {
    my ($dir, $name) = @_;
    chdir $dir or return undef;
    unlink $name;    # of one that died
    my $socket;
    my $bound = socket($socket, AF_UNIX, SOCK_DGRAM, 0) && bind $socket, pack('Sa*', AF_UNIX, $name);
    chdir '/';
    return $bound ? $socket : undef;
}

sub send_word {
    my ($dir, $name, $text) = @_;
    chdir $dir or return 0;
    my $socket;
    my $sent = socket($socket, AF_UNIX, SOCK_DGRAM, 0) && send $socket, $text, MSG_DONTWAIT, pack('Sa*', AF_UNIX, $name);
    chdir '/';
    return $sent;
}

# Sleeps until somebody sends a word, at most `pause` seconds.
sub listen_for {
    my ($ear, $pause) = @_;
    my $mask = '';
    vec($mask, fileno($ear), 1) = 1 if $ear;
    recv $ear, my $told, 16, MSG_DONTWAIT if select($mask, undef, undef, $pause) > 0;
}

sub start_command {
    my ($packed) = @_;
    my ($timeout, $exits, $environment, $argv) = unpack_fields($packed);
    my @argv = unpack_fields($argv);
    pipe(my $out, my $out_in) or die "pipe: $!\n";
    pipe(my $err, my $err_in) or die "pipe: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE TERM INT HUP CHLD);
        setpgrp 0, 0;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $out_in;
        open STDERR, '>&', $err_in;
        %ENV = (%ENV, unpack_fields($environment));
        no warnings 'exec';
        exec { $argv[0] } @argv;
        my ($why, $missing) = ("$!", $! == ENOENT);
        syswrite STDERR, "$argv[0]: $why\n";
        exit($missing ? 127 : 126);
    }
    setpgrp $pid, $pid;
    my $now = clock();
    return {
        pid      => $pid,
        exits    => $exits,
        timeout  => $timeout,
        started  => $now,
        deadline => $now + $timeout,
        kills    => 0,
        out      => { file => $out, head => '', tail => '', dropped => 0 },
        err      => { file => $err, head => '', tail => '', dropped => 0 },
    };
}

# Read what is there; a stream that ended loses its file.
sub drain {
    my ($index, $live, $half, $on_chunk) = @_;
    my $mask = '';
    for my $stream (grep { $_->{file} } $live->{out}, $live->{err}) {
        vec($mask, fileno($stream->{file}), 1) = 1;
    }
    return 0 if $mask eq '' || select(my $ready = $mask, undef, undef, 0) <= 0;
    my $read = 0;
    for my $name ('out', 'err') {
        my $stream = $live->{$name};
        next unless $stream->{file} && vec($ready, fileno($stream->{file}), 1);
        my $n = sysread $stream->{file}, my $data, 65536;
        if (!$n) { delete $stream->{file}; next }
        $read += $n;
        my $part = keep($stream, $data, $half);
        $on_chunk->($index, $name, $part) if $part ne '';
    }
    return $read;
}

# TERM at the deadline, KILL ten seconds later; five more seconds and the process is left alone (state D cannot be killed).
sub enforce_deadline {
    my ($live, $now) = @_;
    return 0 if $now < $live->{deadline};
    if ($live->{kills} == 2) { $live->{abandoned} = 1; return 1 }
    kill $live->{kills} ? 'KILL' : 'TERM', -$live->{pid};
    $live->{deadline} = $now + ($live->{kills} ? 5 : 10);
    $live->{kills}++;
    return 0;
}

sub is_over {
    my ($live, $now) = @_;
    if (!defined $live->{status} && waitpid($live->{pid}, 1) == $live->{pid}) {
        $live->{status} = $?;
        $live->{reaped} = $now;
    }
    return enforce_deadline($live, $now) unless defined $live->{status};
    # A process that went to the background may hold the pipes open for ever: half a second is enough for what is in them.
    return !($live->{out}{file} || $live->{err}{file}) || $now - $live->{reaped} > 0.5;
}

sub exit_of {
    my ($live) = @_;
    return '' if $live->{kills} || !defined $live->{status};
    my $signal = $live->{status} & 127;
    return $signal ? 128 + $signal : $live->{status} >> 8;
}

sub finish {
    my ($index, $live, $half, $on_chunk, $on_end) = @_;
    1 while drain($index, $live, $half, $on_chunk);
    if ($live->{kills}) {
        my $note = $live->{abandoned} ? "still running as process $live->{pid}" : 'stopped';
        $live->{err}{tail} .= "[no end after $live->{timeout} seconds: $note]\n";
    }
    my $truncated = 0;
    for my $stream ($live->{out}, $live->{err}) {
        $stream->{rest} = rest_of($stream, $half);
        $truncated = 1 if $stream->{dropped};
    }
    $on_end->($index, $live, exit_of($live), clock() - $live->{started}, $truncated);
}

sub wait_for_input {
    my ($live) = @_;
    my $mask = '';
    for my $stream (grep { $_->{file} } map { $_->{out}, $_->{err} } values %$live) {
        vec($mask, fileno($stream->{file}), 1) = 1;
    }
    my $ended = grep { defined $_->{status} } values %$live;    # somebody in the background holds its pipes: not for long
    select(my $ready = $mask, undef, undef, $mask eq '' ? 0.01 : $ended ? 0.1 : 0.5);
}

# Run commands, `width` at a time, each with its own deadline.
sub run_all {
    my ($commands, $width, $half, $on_chunk, $on_end, $on_tick) = @_;
    my (%live, $next);
    $next = 0;
    while ($next < @$commands || %live) {
        while ($next < @$commands && keys %live < $width) {
            $live{$next} = start_command($commands->[$next]);
            $next++;
        }
        wait_for_input(\%live);
        my $now = clock();
        for my $index (sort { $a <=> $b } keys %live) {
            drain($index, $live{$index}, $half, $on_chunk);
            next unless is_over($live{$index}, $now);
            finish($index, delete $live{$index}, $half, $on_chunk, $on_end);
        }
        next if $on_tick->();
        kill 'TERM', map { -$_->{pid} } values %live;
        return 0;
    }
    return 1;
}
