# shellcheck shell=bash disable=SC2034
case_program="gcc, make"
case_exercises="make -j2 of a generated project of 24 C files with a static and a shared library, dependency files, a rebuild of what changed, a failing rule; objects and programs byte-identical"
case_needs=(gcc:gcc make:make /usr/lib/x86_64-linux-gnu/libc.a:libc6-dev)
case_timeout=120
case_serial=yes

work() {
    mkdir project
    bash "$PROGRAMS/make_project.sh" project "$(amount 20 4)"
    cd project || return
    # -j with the job server's pipe; -Otarget keeps the output of one recipe together.
    under make -j2 -Otarget -s
    ./program
    find . -type f | sort | sha256sum
    touch -d '2040-01-01' part3.c
    under make -j2 -s -n 2>/dev/null | grep -c part3
    under make -j2 -Otarget -k -s broken 2>broken.log || printf 'status %d\n' $?
    grep -c 'error:' broken.log
    under make -s question && printf 'rules with shells done\n'
    cp -- *.o program libparts.a libshared.so ../result/
    # Which of the two fails first is open.
    sort broken.log >../result/broken.sorted
}
