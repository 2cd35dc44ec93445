# The tests of the decoder of recorded calls. Included by the directory's CMakeLists.txt.
foreach(name decode decode_events decode_names)
  endorun_unit_test(${name} ${name}.c decode_fixture.c LIBRARIES endorun_decode)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
endforeach()

set(value_files ${PROJECT_SOURCE_DIR}/policy/flags.def ${PROJECT_SOURCE_DIR}/trace/decode/commands.def
  ${PROJECT_SOURCE_DIR}/trace/decode/fields.def ${PROJECT_SOURCE_DIR}/trace/decode/values.def)
set(value_names ${CMAKE_CURRENT_BINARY_DIR}/decode_value_names.inc)
add_custom_command(
  OUTPUT ${value_names}
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/list-value-names ${value_names} ${value_files}
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/list-value-names ${value_files}
  VERBATIM)
endorun_unit_test(decode_values decode_values.c decode_headers_device.c decode_headers_kernel.c
  decode_headers_library.c ${value_names} LIBRARIES endorun_decode)
target_include_directories(test_decode_values PRIVATE ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
