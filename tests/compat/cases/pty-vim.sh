# shellcheck shell=bash disable=SC2034
case_program="vim.tiny (pty)"
case_exercises="opens, edits, substitutes, filters through a command, :!, suspends and comes back, saves, recovers nothing; the saved files"
case_needs=(vim.tiny:vim-tiny expect:expect)
case_timeout=240

work() {
    seq 1 2000 >edited.txt
    expect "$PROGRAMS/pty_vim.exp"
    cp edited.txt other.txt result/
    sha256sum edited.txt other.txt
    find . -name '*.sw?' | wc -l
}
