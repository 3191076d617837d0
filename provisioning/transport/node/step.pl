# Runs one step inside its transient unit: the commands one after the other, stopping at the first unexpected exit.
# Everything it leaves in its directory can be read back later: N.out, N.err, N.end, result.
sub record {
    my ($path, $text) = @_;
    sysopen(my $file, "$path.new", O_WRONLY | O_CREAT, 0600) or die "$path: $!\n";
    write_all($file, $text) or die "$path: $!\n";
    close $file;
    rename "$path.new", $path or die "$path: $!\n";
}

sub run_step {
    my ($dir, $half) = @_;
    # Whoever creates `started` runs the step; a second start of the same unit ends here.
    sysopen(my $started, "$dir/started", O_WRONLY | O_CREAT | O_EXCL, 0600) or return;
    flock $started, LOCK_EX;    # held while this process lives: the sign of life for who follows
    write_all($started, $$);
    my $index = 0;
    for my $command (unpack_fields(slurp("$dir/commands"))) {
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
        };
        run_all([$command], 1, $half, $on_chunk, $on_end, sub { 1 });
        last unless grep { $_ eq $exit } split /,/, $exits;
        $index++;
    }
    record("$dir/result", 'ended');
}

run_step(@ARGV);
