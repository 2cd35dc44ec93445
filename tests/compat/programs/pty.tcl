# What the scripts of the terminal cases share. Sourced by expect.
#
# Each step prints one line when what it waits for has appeared, and ends the script when it has not.
# The raw bytes of a terminal come in pieces and depend on timing, so they are not compared.

set timeout 120
log_user 0
set under $env(UNDER_COMMAND)
set env(TERM) xterm
# Bracketed paste would put escape sequences between a command's echo and its output.
set env(INPUTRC) [file join $env(HOME) inputrc]
set inputrc [open $env(INPUTRC) w]
puts $inputrc "set enable-bracketed-paste off"
close $inputrc
# A size that no caller's terminal influences.
set stty_init "rows 24 columns 80"

proc fail {what} {
    puts "did not appear: $what"
    set rest ""
    expect -timeout 0 -re {.+} { set rest $expect_out(buffer) } timeout {} eof {}
    puts "instead: [string range $rest end-500 end]"
    exit 1
}

# usage: see NAME PATTERN    (a regular expression)
proc see {name pattern} {
    expect {
        -re $pattern { puts "$name: seen" }
        timeout { fail $name }
        eof { fail "$name (the program ended)" }
    }
}

# Waits until the terminal's foreground group has a process of that name, asleep: keys that signal reach it.
proc see_in_foreground {name} {
    set terminal [file tail [file dirname $::spawn_out(slave,name)]]/[file tail $::spawn_out(slave,name)]
    for {set n 0} {$n < 1200} {incr n} {
        if {![catch {exec ps -t $terminal -o stat=,comm=} processes] &&
            [regexp -line "^S\\S*\\+\\S* +$name" $processes]} {
            puts "$name: in the foreground"
            return
        }
        after 50
    }
    fail "$name in the foreground"
}

# Waits until a full-screen program has finished drawing; what it drew no longer counts as an answer.
proc see_drawn {} {
    set before -1
    while {$before != 0} {
        after 150
        set before 0
        expect -timeout 0 -re {.+} { set before 1 } timeout {} eof {}
    }
}

# Types keys when all is drawn: some programs take what arrives in one piece for a function key.
proc press {keys} {
    see_drawn
    send -- $keys
}

# Gives the terminal another size when all is drawn: SIGWINCH may end a write to a terminal early (EINTR), and not every
# program asks again.
proc resize {rows columns} {
    see_drawn
    stty rows $rows columns $columns < $::spawn_out(slave,name)
}

# The program's end: how wait reports it, without the PID, and the last it wrote if it is a failure.
proc see_end {} {
    set rest ""
    expect {
        eof { set rest $expect_out(buffer) }
        timeout { fail "the end" }
    }
    set result [wait]
    puts "ended: [lrange $result 2 end]"
    if {[lindex $result 3] != 0} {
        puts "the last it wrote: [string range $rest end-500 end]"
    }
}
