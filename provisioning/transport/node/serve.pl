# Answers questions on one open channel: a message in, frames out. Ends when the channel ends.
my $PATIENCE = 15;    # seconds to wait for a lock or for a unit to begin
my $LAUNCH   = 30;    # seconds systemd may take to start a unit
my $ROUNDS   = 4;     # times PATIENCE for a step that was begun and says nothing
my $last_sent = 0;

sub send_frame {
    my $body = pack_fields(@_);
    write_all(\*STDOUT, pack('N', length $body) . $body) or exit 0;
    $last_sent = clock();
}

sub read_exactly {
    my ($length) = @_;
    my $data = '';
    while (length $data < $length) {
        my $n = sysread STDIN, $data, $length - length $data, length $data;
        next if !defined $n && $! == EINTR;
        exit 0 unless $n;
    }
    return $data;
}

# Sends a sign of life every four seconds. The panel never speaks while it waits for an answer, so input means that it is gone.
sub panel_is_there {
    send_frame('beat') if clock() - $last_sent >= 4;
    my $mask = '';
    vec($mask, fileno(STDIN), 1) = 1;
    return select($mask, undef, undef, 0) <= 0;
}

sub alive { panel_is_there() or exit 0; return 1 }

sub fail { die [@_] }

sub send_result {
    my ($index, $live, $exit, $seconds, $truncated) = @_;
    my @texts = map { $_->{head} . $_->{rest} } $live->{out}, $live->{err};
    send_frame('result', $index, $exit, $seconds, $truncated, @texts);
}

# The kernel's own lines are read without a program: on a slow node a fork costs ten times what they do.
sub read_kernels_line {
    my ($index, $packed, $half) = @_;
    my @argv = unpack_fields((unpack_fields($packed))[3]);
    return 0 unless @argv == 2 && $argv[0] eq 'cat' && $argv[1] =~ m{^/proc/(?:drbd|sys/kernel/random/boot_id)\z};
    my $text = slurp($argv[1]) // '';
    return 0 if $text eq '' || length $text > $half;    # why, or what to leave out: as for every other program
    send_frame('result', $index, 0, 0, 0, $text, '');
    return 1;
}

# The last question is asked when all others are answered: it tells the clock, which is compared with the moment the answer arrives.
sub answer_read {
    my ($half, @commands) = @_;
    return if @commands == 1 && read_kernels_line(0, $commands[0], $half);
    my $last = pop @commands;
    run_all(\@commands, 16, $half, sub { }, \&send_result, \&panel_is_there) or exit 0;
    return unless defined $last;
    my $send_last = sub { my (undef, @rest) = @_; send_result(scalar @commands, @rest) };
    run_all([$last], 1, $half, sub { }, $send_last, \&panel_is_there) or exit 0;
}

sub make_dirs {
    my ($path, $mode) = @_;
    my $at = '';
    for my $part (grep { $_ ne '' } split m{/}, $path) {
        $at .= "/$part";
        next if -d $at;
        mkdir $at, $mode or $! == EEXIST or fail('refused', "cannot make the directory $at: $!");
    }
}

# Written aside (O_SYNC: on disk before it has its name), then renamed, so that a power cut leaves the old or the new content.
sub replace_file {
    my ($path, $content, $mode, $uid, $gid) = @_;
    my ($dir, $name) = $path =~ m{^(.*)/([^/]+)$};
    my $temp = "$dir/.$name.storagepanel-$$";
    unlink $temp;
    my $ok = sysopen(my $file, $temp, O_WRONLY | O_CREAT | O_EXCL | O_SYNC, 0600);
    $ok &&= write_all($file, $content);
    $ok &&= chown $uid, $gid, $file;
    $ok &&= chmod $mode, $file;
    $ok &&= close $file;
    $ok &&= rename $temp, $path;
    return if $ok;
    my $why = "$!";
    unlink $temp;
    fail('refused', "cannot write $path: $why");
}

# Files of a unit's own directory: after a power cut they mean nothing, so nothing is synced.
sub leave_note {
    my ($path, $text) = @_;
    sysopen(my $file, "$path.new", O_WRONLY | O_CREAT, 0600) or fail('refused', "cannot write $path: $!");
    write_all($file, $text) && close($file) && rename("$path.new", $path) or fail('refused', "cannot write $path: $!");
}

# The lock of this cluster on this node, and the claim: what is older than the last one seen is refused.
sub admit {
    my ($root, $scope, $job, $claim) = @_;
    make_dirs("$root/jobs/$scope", 0700);
    sysopen(my $lock, "$root/jobs/$scope/lock", O_WRONLY | O_CREAT, 0600) or fail('refused', "cannot open the lock: $!");
    my $give_up = clock() + $PATIENCE;
    until (flock $lock, LOCK_EX | LOCK_NB) {
        fail('refused', 'another change holds the lock on this node') if clock() > $give_up;
        select undef, undef, undef, 0.05;
        alive();
    }
    my ($seen_job, $seen_claim) = split ' ', slurp("$root/jobs/$scope/claim") // '0 0';
    my $order = $job <=> $seen_job || $claim <=> $seen_claim;
    fail('claim', "a newer claim was seen (job $seen_job, claim $seen_claim)") if $order < 0;
    replace_file("$root/jobs/$scope/claim", "$job $claim\n", 0600, $<, (split ' ', $()[0]) if $order > 0;
    forget_old("$root/jobs/$scope", $job - 50) if $job > $seen_job;
    return $lock;
}

# What units of long gone jobs left; their output is in the panel's database.
sub forget_old {
    my ($home, $before) = @_;
    for my $dir (glob "$home/j*-s*") {
        next unless $dir =~ m{/j(\d+)-s[^/]*$} && $1 < $before;
        unlink glob "$dir/*";
        rmdir $dir;
    }
    unlink grep { m{/j(\d+)\.next$} && $1 < $before } glob "$home/j*.next";
}

sub boot_id {
    my $id = slurp('/proc/sys/kernel/random/boot_id') // '';
    $id =~ s/\s+//g;
    return $id;
}

# To the unit of the job's last step, which waits for more. It begins within moments; one that died or sleeps does not, and a unit is started.
sub hand_over {
    my ($home, $job, $dir) = @_;
    send_word($home, "j$job.next", $dir) or return 0;
    my $give_up = clock() + 3;
    until (-e "$dir/started") {
        return 0 if clock() > $give_up;
        select undef, undef, undef, 0.01;
        alive();
    }
    return 1;
}

# Before it is said that a step did not begin: whoever creates `started` runs it, so it is created here, with its text at once, and a unit that
# comes however late ends without doing anything. What is left is put aside, so that the step can be begun anew. False: a unit was first.
sub call_off {
    my ($dir) = @_;
    eval { leave_note("$dir/void", 'void'); 1 } or fail('unseen', "nobody can tell whether the step begins: $@->[1]");
    if (!link "$dir/void", "$dir/started") {
        return is_void($dir) if $! == EEXIST;
        fail('unseen', "nobody can tell whether the step begins: cannot create $dir/started: $!");
    }
    put_aside($dir);
    return 1;
}

sub is_void { return (slurp("$_[0]/started") // '') eq 'void' }

sub put_aside {
    my ($dir) = @_;
    my $number = 1;
    $number++ while -e "$dir.void$number";
    rename $dir, "$dir.void$number" or fail('refused', "cannot put $dir aside: $!");
}

sub launch {
    my ($argv, $dir, $half, $linger) = @_;
    my ($exit, $said);
    my $command = pack_fields($LAUNCH, '0', '', pack_fields(@$argv, '/usr/bin/perl', "$dir/step.pl", $dir, $half, $linger));
    my $on_end = sub { $exit = $_[2]; $said = $_[1]{out}{head} . $_[1]{err}{head} };
    run_all([$command], 1, 4096, sub { }, $on_end, sub { alive() });
    return if $exit eq '0';
    return if -e "$dir/started" || $said =~ /already|exists/;
    fail('refused', "the unit could not be started: $said") if call_off($dir);
}

# A step that was left behind may still run: two steps never work on one node at the same time.
sub only_one {
    my ($home, $dir) = @_;
    my $last = slurp("$home/last") // '';
    if ($last ne '' && $last ne $dir && -s "$last/started" && !-e "$last/result" && !has_died($last)) {
        fail('refused', "an earlier step still runs here ($last)");
    }
    leave_note("$home/last", $dir);
}

sub answer_run {
    my ($root, $scope, $job, $step, $claim, $attempt, $half, $linger, $program, $launcher, $cursor, @commands) = @_;
    my $lock = admit($root, $scope, $job, $claim);
    my $dir = "$root/jobs/$scope/j$job-s$step" . ($attempt eq '' ? '' : "-$attempt");
    put_aside($dir) if is_void($dir);
    if (!-e "$dir/result") {
        my $boot = boot_id();
        fail('rebooted', 'the node was restarted since the plan was made') if $attempt ne '' && $boot !~ /^\Q$attempt\E/;
        if (!-d $dir) {
            make_dirs("$dir.new", 0700);
            leave_note("$dir.new/commands", pack_fields(@commands));
            leave_note("$dir.new/step.pl", $program);
            rename "$dir.new", $dir or fail('refused', "cannot make $dir: $!");
        }
        fail('other', 'this step was begun with other commands') if slurp("$dir/commands") ne pack_fields(@commands);
        my $home = "$root/jobs/$scope";
        only_one($home, $dir);
        -e "$dir/started" || hand_over($home, $job, $dir) || launch([ unpack_fields($launcher) ], $dir, $half, $linger);
    }
    close $lock;
    follow($dir, scalar @commands, [ unpack_fields($cursor) ]);
}

sub has_died {
    my ($dir) = @_;
    return 0 unless -s "$dir/started";    # empty until it holds the lock
    sysopen(my $started, "$dir/started", O_RDONLY) or return 0;
    return 0 unless flock $started, LOCK_SH | LOCK_NB;
    return !-e "$dir/result";
}

# Whether one of these steps was begun since this node booted, has not ended and lives, in whichever of the job's units.
sub answer_runs {
    my ($root, $scope, @steps) = @_;
    my $boot = boot_id();
    my @dirs = map { ("$root/jobs/$scope/$_", "$root/jobs/$scope/$_-$boot") } @steps;
    my @alive = grep { -e "$_/started" && !-e "$_/result" && !has_died($_) } @dirs;
    send_frame('runs', @alive ? 1 : 0);
}

# Send what is new of the output of command `index`; `offsets` says how far the panel has it.
sub send_news {
    my ($dir, $index, $offsets) = @_;
    for my $stream (0, 1) {
        my $name = $stream ? 'err' : 'out';
        sysopen(my $file, "$dir/$index.$name", O_RDONLY) or next;
        sysseek $file, $offsets->[$stream], 0;
        while (my $n = sysread $file, my $data, 32768) {
            $offsets->[$stream] += $n;
            send_frame('live', $index, $stream, $data);
        }
    }
}

# cursor: index of the command the panel saw last, and how many bytes of its two streams it has.
sub follow {
    my ($dir, $count, $cursor) = @_;
    my ($index, @offsets) = @$cursor;
    my ($begin_by, $rounds) = (clock() + $PATIENCE, $ROUNDS);
    my ($ear, $pause) = (listen_in($dir, 'told'), 0.02);
    while (1) {
        my $ended = -e "$dir/result" || has_died($dir);
        while ($index < $count) {
            my $end = slurp("$dir/$index.end");
            send_news($dir, $index, \@offsets);
            last unless defined $end;
            $index++;
            @offsets = (0, 0);
        }
        last if $ended;
        if (!-s "$dir/started" && clock() > $begin_by) {
            fail('refused', 'the unit did not begin') if call_off($dir);
            fail('unseen', 'the step was begun and nothing is heard of it') unless --$rounds;
            $begin_by = clock() + $PATIENCE;    # created a moment ago, or the disk keeps its text waiting
        }
        # Each look costs a slow node milliseconds. The step tells when a command has ended; looking is for what it prints, and for one that died.
        listen_for($ear, $pause);
        $pause = $pause < 0.6 ? $pause * 1.5 : 1;
        alive();
    }
    send_outcome($dir, $count);
}

sub send_outcome {
    my ($dir, $count) = @_;
    for my $index (0 .. $count - 1) {
        my $end = slurp("$dir/$index.end");
        my $out = slurp("$dir/$index.out");
        last unless defined $end || defined $out;
        my ($exit, $seconds, $truncated) = defined $end ? unpack_fields($end) : ('', 0, 0);
        my $err = slurp("$dir/$index.err") // '';
        $err .= "\n[the unit ended before this command did]\n" unless defined $end;
        send_frame('result', $index, $exit, $seconds, $truncated, $out // '', $err);
    }
}

sub digest_of {
    my ($path) = @_;
    my $said = '';
    my $on_end = sub { $said = $_[1]{out}{head} };
    run_all([ pack_fields(60, '0', '', pack_fields('sha256sum', '--', $path)) ], 1, 4096, sub { }, $on_end, sub { alive() });
    return (split ' ', $said)[0] // fail('refused', "cannot read $path");
}

sub answer_put {
    my ($root, $scope, $job, $step, $claim, $path, $content, $mode, $user, $group, $before) = @_;
    my $lock = admit($root, $scope, $job, $claim);
    my ($uid, $gid) = (scalar getpwnam $user, scalar getgrnam $group);
    fail('refused', "there is no user $user or no group $group") unless defined $uid && defined $gid;
    fail('refused', "$path is not a plain file") if -l $path || (-e $path && !-f _);
    my $there = -e $path ? slurp($path) : undef;
    fail('refused', "cannot read $path: $!") if -e $path && !defined $there;
    my $kept = "$root/kept/$scope/j$job-s$step$path";
    if (defined $there && $there eq $content) {
        chown $uid, $gid, $path;
        chmod oct $mode, $path;
        return send_frame('put', -e $kept ? $kept : '');
    }
    my $digest = defined $there ? digest_of($path) : '';
    fail('changed', "$path is not what it was when the plan was made") if $digest ne $before;
    my ($dir) = $path =~ m{^(.*)/[^/]+$};
    if (defined $there && !-e $kept) {
        my ($kept_dir) = $kept =~ m{^(.*)/[^/]+$};
        make_dirs($kept_dir, 0700);
        replace_file($kept, $there, 0600, $<, (split ' ', $()[0]);
    }
    make_dirs($dir, 0755);
    replace_file($path, $content, oct $mode, $uid, $gid);
    send_frame('put', defined $there ? $kept : '');
}

my %ANSWERS = (read => \&answer_read, run => \&answer_run, runs => \&answer_runs, put => \&answer_put);
write_all(\*STDOUT, $ARGV[0]);
send_frame('hello', boot_id());
while (1) {
    my ($verb, @fields) = unpack_fields(read_exactly(unpack 'N', read_exactly(4)));
    if (eval { $ANSWERS{$verb}->(@fields); 1 }) { send_frame('done') }
    else { send_frame('error', ref $@ ? @{$@} : ('refused', "$@")) }
}
