# shellcheck shell=bash disable=SC2034
case_program="Java"
case_exercises="javac under endorun; threads whose code is compiled, patched and thrown away meanwhile, garbage collection, null pointers by SIGSEGV, a process; with the interpreter alone as well"
case_needs=(javac:openjdk-17-jdk-headless)
case_timeout=120
case_serial=yes

work() {
    mkdir classes
    under javac -d classes "$PROGRAMS/java_features.java"
    expect_status 6 java -Xmx128m -cp classes JavaFeatures
    expect_status 6 java -Xmx128m -XX:+UseParallelGC -XX:TieredStopAtLevel=1 -cp classes JavaFeatures
    under java -Xint -version
}
