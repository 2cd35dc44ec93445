# The tests of --stats. Included by the directory's CMakeLists.txt.
set(command ${PROJECT_SOURCE_DIR}/loader/command)
set(statistics ${command}/statistics.c ${command}/tally.c ${command}/message.c)
endorun_unit_test(channel_reader channel_reader.c ${command}/channel_reader.c
  ${command}/event_decoder.c ${command}/memfd.c ${statistics})
endorun_unit_test(statistics_report statistics_report.c ${command}/statistics_report.c
  ${command}/escape.c ${command}/utf8.c ${statistics})
foreach(test channel_reader statistics_report)
  # -iquote, because <check.h> is the framework's and "check.h" the command's.
  target_compile_options(test_${test} PRIVATE -iquote ${command})
endforeach()
