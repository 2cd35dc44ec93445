# The test of policy/syscalls.def. Included by the directory's CMakeLists.txt.
find_package(PkgConfig REQUIRED)
pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check)

set(header_calls ${CMAKE_CURRENT_BINARY_DIR}/syscall_header_calls.inc)
add_custom_command(
  OUTPUT ${header_calls}
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/list-header-calls ${CMAKE_C_COMPILER} ${header_calls}
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/list-header-calls
  VERBATIM)

add_executable(test_syscall_table ${CMAKE_CURRENT_LIST_DIR}/syscall_table.c ${header_calls})
target_include_directories(test_syscall_table PRIVATE ${CMAKE_SOURCE_DIR}
  ${CMAKE_SOURCE_DIR}/include ${CMAKE_CURRENT_BINARY_DIR})
target_compile_options(test_syscall_table PRIVATE ${ENDORUN_WARNINGS})
target_link_libraries(test_syscall_table PRIVATE PkgConfig::CHECK)
add_test(NAME unit/syscall_table COMMAND test_syscall_table)
set_tests_properties(unit/syscall_table PROPERTIES TIMEOUT 300 ENVIRONMENT "CK_DEFAULT_TIMEOUT=290")
