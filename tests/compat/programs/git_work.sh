#!/bin/bash
# usage: git_work.sh FILES CHANGES
# A repository's life with fixed dates and names, so that every ID is the same in every run. FILES is above 20 times
# CHANGES, of which there are at least five.
set -eu
files=$1 changes=$2
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git config --global pack.threads 2
git config --global gc.auto 0

# Without a process of its own for each: git is what is to be run.
make_files() {
    local n line
    for ((n = 1; n <= files; n++)); do
        {
            printf 'file %d\n' "$n"
            for ((line = 1; line <= n; line++)); do
                printf '%d\n' "$line"
            done
        } >"folder$((n % 20))/file$n"
    done
}

git init -q repo
cd repo
mkdir folder{0..19}
make_files
git add .
git commit -q -m "$files files"
git log --format='%H %an %ad %s' --date=iso
git ls-files | wc -l

for n in $(seq "$changes"); do
    printf 'change %d\n' "$n" >>"folder1/file$((n * 20 + 1))"
    git commit -q -a -m "Change $n"
done
git log --oneline | sha256sum
git diff --stat "HEAD~$changes" | tail -n 1
git blame -s folder1/file21 | head -n 2

git checkout -q -b side "HEAD~$((changes / 2))"
printf 'side\n' >>folder2/file2
git commit -q -a -m 'On the side'
git checkout -q main
git merge -q --no-edit side
printf 'ours\n' >conflict
git add conflict
git commit -q -m ours
git checkout -q -b other HEAD~1
printf 'theirs\n' >conflict
git add conflict
git commit -q -m theirs
git merge main 2>&1 || printf 'conflict: %d\n' $?
git status --short
printf 'both\n' >conflict
git commit -q -a -m 'Merged by hand'
git checkout -q side
printf 'to be rebased\n' >new
git add new
git commit -q -m 'To be rebased'
git rebase -q main
git log --graph --oneline -6
printf 'stashed\n' >>new
git stash push -q
git stash pop -q
git diff --shortstat
git checkout -q -- .

# Hooks are children of git; a failing one stops the commit.
printf '#!/bin/sh\necho hook ran\nexit 1\n' >.git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
printf 'x\n' >>new
git commit -q -a -m refused 2>&1 || printf 'hook refused: %d\n' $?
rm .git/hooks/pre-commit
git checkout -q -- .

git checkout -q main
git gc -q --prune=now
git count-objects -v | grep -E '^(count|packs|in-pack|garbage)'
git fsck --full --strict 2>/dev/null
git repack -q -a -d -f --threads=2
git verify-pack -v .git/objects/pack/*.pack | grep -c blob

sought=$((changes * 3 / 5))
git bisect start HEAD "HEAD~$((sought + 3))" >/dev/null
git bisect run sh -c "! grep -q 'change $sought' folder1/file$((sought * 20 + 1))" 2>/dev/null | grep 'first bad'
git bisect reset >/dev/null 2>&1
cd ..

git clone -q repo by-path
git clone -q "file://$PWD/repo" by-url
git clone -q --bare repo bare.git
for copy in by-path by-url bare.git; do
    git -C "$copy" rev-parse HEAD
done
cd by-url
printf 'pushed\n' >pushed
git add pushed
git commit -q -m pushed
git push -q ../bare.git HEAD:refs/heads/pushed
git -C ../bare.git log -1 --format='%H %s' pushed
git bundle create -q ../all.bundle --all
git bundle verify -q ../all.bundle
git worktree add -q ../tree HEAD~1
git -C ../tree status --short | wc -l
git archive --format=tar HEAD | sha256sum
git grep -c 'change 4' | head -n 2
git format-patch -q -1 --stdout | sed '/^--$/,$d' | sha256sum
GIT_PAGER=cat git show --stat --format=%H HEAD
