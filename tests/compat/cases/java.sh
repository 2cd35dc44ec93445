# shellcheck shell=bash disable=SC2034
case_program="java, javac (HotSpot)"
case_exercises="javac; code compiled, thrown away and compiled again; null checks by faults, stack overflows; collectors (serial, parallel, G1) under 8 threads; thread pools, interrupts, mapped files, sockets, selectors, children, SIGTERM with a shutdown hook; the interpreter alone"
case_needs=(java:openjdk-17-jre-headless javac:openjdk-17-jdk-headless)
case_timeout=180
case_serial=yes
case_full=yes

work() {
    mkdir classes
    under javac -d classes "$PROGRAMS/Features.java"
    cp classes/*.class result/
    expect_status 3 java -Xmx256m -XX:+UseSerialGC -cp classes Features
    expect_status 3 java -Xmx256m -XX:+UseParallelGC -XX:TieredStopAtLevel=1 -cp classes Features
    expect_status 143 java -Xmx256m -XX:+UseG1GC -cp classes Features until-signalled
    under java -Xint -cp classes -version 2>/dev/null
    printf 'version: %d\n' $?
}
