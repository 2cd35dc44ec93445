#!/bin/bash
# Links small images that break each rule of tools/check-monitor once, and looks for its line about that rule and no
# other. CC is the compiler.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
check_monitor=$here/../../tools/check-monitor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

compile_flags=(-ffreestanding -fPIE -O1 -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables)
# shellcheck disable=SC2054 # the commas are the linker driver's
link_flags=(-nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,text -Wl,-z,separate-code -Wl,-z,noexecstack
    -Wl,--build-id=none)

# The part that every image has: a relocation to do (RELATIVE), data, an entry point.
cat >"$work/base.c" <<'END'
static int number = 1;
int *const pointer = &number;
int _start(void);
int _start(void)
{
    return *pointer;
}
END

# image NAME [LINK FLAG...]: links the base with the assembler source on standard input.
image()
{
    local name=$1
    shift
    cat >"$work/$name.s"
    ${CC:-cc} "${compile_flags[@]}" "${link_flags[@]}" "$@" -o "$work/$name" "$work/base.c" "$work/$name.s"
}

# define NAME: a function of that name and size, its instructions on standard input.
define()
{
    printf '.text\n.globl %s\n.type %s, @function\n%s:\n' "$1" "$1" "$1"
    cat
    printf 'ret\n.size %s, . - %s\n.section .note.GNU-stack,"",@progbits\n' "$1" "$1"
}

# check IMAGE GATES: leaves $status and $work/said.
check()
{
    status=0
    printf '%s\n' "$2" >"$work/gates.list"
    "$check_monitor" --gates "$work/gates.list" "$work/$1" >"$work/said" 2>&1 || status=$?
}

wrong()
{
    echo "$*"
    cat "$work/said"
    failures=$((failures + 1))
}

accepted()
{
    check "$1" "${2:-}"
    [[ $status == 0 && ! -s $work/said ]] || wrong "$1: not accepted (status $status)"
}

# refused IMAGE GATES PATTERN: exactly one line, which matches.
refused()
{
    check "$1" "$2"
    if [[ $status != 1 || $(wc -l <"$work/said") != 1 ]] || ! grep -qE "$3" "$work/said"; then
        wrong "$1: not refused by one line about /$3/ (status $status)"
    fi
}

# unusable IMAGE GATES PATTERN: no verdict.
unusable()
{
    check "$1" "$2"
    if [[ $status != 2 ]] || ! grep -qE "$3" "$work/said"; then
        wrong "$1: not told to be unusable: /$3/ (status $status)"
    fi
}

# instruction NAME PATTERN: an image with the instructions on standard input is refused by one line.
instruction()
{
    define victim | image "$1"
    refused "$1" "" "$2"
}

structure()
{
    define plain <<<'nop' | image good
    accepted good

    # The linker leaves one only where a dynamic linker is to resolve it, by a relocation.
    define caller <<<'call missing' | image undefined -shared
    check undefined ""
    if [[ $status != 1 ]] || ! grep -q 'undefined symbol missing$' "$work/said"; then
        wrong "undefined: not told"
    fi

    printf '.data\n.globl word\n.type word, @gnu_indirect_function\nword: .quad word\n' |
        image relocation -Wl,-z,notext
    refused relocation "" 'relocation R_X86_64_IRELATIV?E? at'

    printf '.section .both,"awx",@progbits\nnop\n' | image rwx -Wl,--no-warn-rwx-segments
    refused rwx "" 'segment LOAD is writable and executable'
    define plain <<<'nop' | image execstack -Wl,-z,execstack
    refused execstack "" 'segment GNU_STACK is writable and executable'

    define plain <<<'nop' | image interpreter -Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2
    refused interpreter "" 'has an interpreter'

    printf '.section .tdata,"awT",@progbits\n.long 1\n' | image tls
    refused tls "" 'thread-local storage'

    define plain <<<'nop' | image fixed -no-pie -static
    refused fixed "" 'not a position-independent executable'
}

vector_registers()
{
    instruction sse 'in victim: movaps %xmm0,%xmm1$' <<<'movaps %xmm0, %xmm1'
    instruction avx 'vaddps %ymm' <<<'vaddps %ymm0, %ymm1, %ymm2'
    instruction avx512 'vmovups %zmm' <<<'vmovups %zmm0, (%rdi)'
    instruction mask 'kmovw' <<<'kmovw %k1, %eax'
    instruction mmx 'paddb' <<<'paddb %mm0, %mm1'
    instruction emms 'emms' <<<'emms'
    instruction x87 'faddp' <<<'faddp'
    instruction x87-memory 'flds' <<<'flds (%rdi)'
    instruction state 'fxsave' <<<'fxsave (%rdi)'
    instruction mxcsr 'ldmxcsr' <<<'ldmxcsr (%rdi)'
    instruction upper 'vzeroupper' <<<'vzeroupper'
    accepted sse "victim vector"
    refused sse "victim wrpkru" 'movaps'

    # More than are worth naming.
    printf '.rept 100\nmovaps %%xmm0, %%xmm1\n.endr\n' | define victim | image many
    check many ""
    grep -q 'and 90 more' "$work/said" || wrong "many: the rest is not counted"

    # Targets of jumps are printed in hexadecimal and may look like x87 mnemonics.
    printf '.org 0xf00\njmp . + 2\njmp . + 0xc\n.org 0xfadd\nlabel: jmp label\n' | define plain | image targets
    accepted targets
}

unsafe_instructions()
{
    instruction wrpkru 'bytes of wrpkru at 0x[0-9a-f]+ \(victim\+0x1\)' <<<$'nop\nwrpkru'
    instruction wrpkru-hidden 'bytes of wrpkru' <<<"movl \$0x00ef010f, %eax"
    instruction wrpkru-across 'bytes of wrpkru' <<<$'.byte 0xb0, 0x0f\n.byte 0x01, 0xef'
    instruction wrpkru-rex2 'bytes of wrpkru' <<<'.byte 0xd5, 0x80, 0x01, 0xef'
    instruction xrstor 'bytes of xrstor ' <<<'xrstor (%rdi)'
    instruction xrstor-far 'bytes of xrstor ' <<<'xrstor64 0x1000(%rdi)'
    instruction xrstors 'bytes of xrstors' <<<'xrstors (%rdi)'
    instruction wrgsbase 'bytes of wrgsbase' <<<'wrgsbase %rdi'
    instruction wrgsbase-32 'bytes of wrgsbase' <<<'wrgsbase %eax'
    instruction wrgsbase-rex2 'bytes of wrgsbase' <<<'.byte 0xf3, 0xd5, 0x80, 0xae, 0xd8, 0, 0, 0, 0'
    # The neighbours of those in the same opcode groups.
    define plain <<<$'lfence\nrdgsbase %rax\nwrfsbase %rax\nrdpkru\nclflush (%rdi)\ncmpxchg8b (%rdi)\nrdrand %eax' |
        image harmless
    accepted harmless

    accepted wrpkru "victim wrpkru  # a gate"
    refused wrpkru "victim xrstor" 'bytes of wrpkru'
    accepted wrgsbase "victim wrgsbase vector"

    # A gate's licence ends with the gate.
    {
        define gate <<<'wrpkru'
        define victim <<<'wrpkru'
    } | image second
    refused second "gate wrpkru" 'bytes of wrpkru at 0x[0-9a-f]+ \(victim\+0x0\)'

    # What the file holds behind the last instruction is executable too, up to the end of the page.
    define plain <<<'nop' | image slack
    local end
    end=$(readelf --segments --wide "$work/slack" |
        sed -nE 's/^ *LOAD +(0x[0-9a-f]+) 0x[0-9a-f]+ 0x[0-9a-f]+ (0x[0-9a-f]+) .*R E .*/\1 + \2/p')
    printf '\x0f\x01\xef' | dd of="$work/slack" bs=1 seek=$((end + 16)) conv=notrunc status=none
    refused slack "" 'bytes of wrpkru at 0x[0-9a-f]+ \(no symbol\)'
}

gates_list()
{
    refused good "gone wrpkru" 'gate gone of .* is not in the image'
    printf '.text\n.globl sizeless\nsizeless: nop\n' | image sizeless
    refused sizeless "sizeless wrpkru" 'gate sizeless has no size'
    unusable good "plain wrpkr" "unknown kind 'wrpkr'"
    unusable good "plain" 'plain: says nothing'
}

not_images()
{
    echo 'no image' >"$work/text"
    unusable text "" 'not an ELF file'
    strip -o "$work/stripped" "$work/good"
    unusable stripped "" 'no symbol table'
}

structure
vector_registers
unsafe_instructions
gates_list
not_images
exit "$((failures > 0))"
