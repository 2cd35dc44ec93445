# shellcheck shell=bash disable=SC2034
case_program="auxiliary vector"
case_exercises="LD_SHOW_AUXV for a program, a child, a script and ld.so as program: the entries and every value that is not an address"
case_needs=(/bin/true:coreutils bash:bash dash:dash)
case_timeout=60

work() {
    printf '#!/usr/bin/dash\n:\n' >script
    chmod +x script
    # The variable must reach the program only, not the command that starts it.
    under env LD_SHOW_AUXV=1 /bin/true
    under bash -c 'LD_SHOW_AUXV=1 true; LD_SHOW_AUXV=1 /bin/true; :' | sed 's/^/child /'
    under bash -c 'export LD_SHOW_AUXV=1; exec ./script' | sed 's/^/script /'
    under env LD_SHOW_AUXV=1 /lib64/ld-linux-x86-64.so.2 /bin/true | sed 's/^/loader /'
}

# Addresses are random; which ones there are is not. rseq is ENOSYS under endorun, so the entries that
# announce it (27 and 28) may be absent there.
normalise() {
    sed -E -e 's/^((child |script |loader )?AT_(SYSINFO_EHDR|PHDR|BASE|ENTRY|RANDOM): +)0x[0-9a-f]+/\1ADDRESS/' \
        -e '/AT_(RSEQ_|\?\?\? \(0x1[bc]\))/d'
}
