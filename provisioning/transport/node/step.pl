# Runs a step inside its transient unit: the commands one after the other, stopping at the first unexpected exit.
# Everything it leaves in the step's directory can be read back later: N.out, N.err, N.end, result.
# Then it waits a while for the job's next step: starting a unit costs a slow node more than most commands do.
sub record {
    my ($path, $text) = @_;
    sysopen(my $file, "$path.new", O_WRONLY | O_CREAT, 0600) or die "$path: $!\n";
    write_all($file, $text) or die "$path: $!\n";
    close $file;
    rename "$path.new", $path or die "$path: $!\n";
}

sub run_step {
    my ($dir, $half) = @_;
    # Whoever creates `started` runs the step; a second start of the same step ends here.
    sysopen(my $started, "$dir/started", O_WRONLY | O_CREAT | O_EXCL, 0600) or return 0;
    flock $started, LOCK_EX;    # held while this process lives: the sign of life for who follows
    write_all($started, $$);
    my $index = 0;
    my @commands = unpack_fields(slurp("$dir/commands"));
    my $at_most = 0;
    $at_most += 20 + (unpack_fields($_))[0] for @commands;
    alarm $at_most;    # the last resort, beside each command's own time limit
    for my $command (@commands) {
        my %file;
        for my $name ('out', 'err') {
            sysopen($file{$name}, "$dir/$index.$name", O_WRONLY | O_CREAT, 0600) or die "$dir/$index.$name: $!\n";
        }
        my ($exit, $exits);
        my $on_chunk = sub { write_all($file{ $_[1] }, $_[2]) };
        my $on_end   = sub {
            my (undef, $live, $code, $seconds, $truncated) = @_;
            write_all($file{$_}, $live->{$_}{rest}) for 'out', 'err';
            ($exit, $exits) = ($code, $live->{exits});
            record("$dir/$index.end", pack_fields($exit, $seconds, $truncated));
            send_word($dir, 'told', '.');    # whoever follows; if nobody does, nobody needs it
        };
        run_all([$command], 1, $half, $on_chunk, $on_end, sub { 1 });
        last unless grep { $_ eq $exit } split /,/, $exits;
        $index++;
    }
    record("$dir/result", 'ended');
    send_word($dir, 'told', '.');
    alarm 0;
    return 1;
}

sub next_dir {
    my ($socket, $patience) = @_;
    my ($mask, $dir) = ('', '');
    vec($mask, fileno($socket), 1) = 1;
    my $found;
    do { $found = select(my $ready = $mask, undef, undef, $patience) } while $found < 0 && $! == EINTR;
    return undef if $found <= 0;
    return defined recv($socket, $dir, 4096, 0) ? $dir : undef;
}

sub main {
    my ($dir, $half, $linger) = @_;
    my ($home, $job) = $dir =~ m{^(.*)/j(\d+)-s[^/]*$};
    my $socket = listen_in($home, "j$job.next");
    my $inode = (stat "$home/j$job.next")[1];
    run_step($dir, $half) or return unlink_own("$home/j$job.next", $inode);
    while ($socket && defined($dir = next_dir($socket, $linger))) {
        run_step($dir, $half);
    }
    unlink_own("$home/j$job.next", $inode);
}

sub unlink_own {
    my ($path, $inode) = @_;
    my $there = (stat $path)[1];
    unlink $path if defined $there && defined $inode && $there == $inode;
}

main(@ARGV);
