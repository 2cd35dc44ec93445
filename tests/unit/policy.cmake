# The tests of the policy compiler's front end. Included by the directory's CMakeLists.txt.
set(policy_front_fixture policy_front_fixture.c policy_compare.c)
endorun_unit_test(policy_front policy_front.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
endorun_unit_test(policy_paths policy_paths.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
endorun_unit_test(policy_files policy_files.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
endorun_unit_test(policy_filters policy_filters.c ${policy_front_fixture} ${PROJECT_SOURCE_DIR}/policy/filter.c
  LIBRARIES endorun_policy_filters endorun_policy_compiler endorun_policy_decide)
target_include_directories(test_policy_filters PRIVATE ${PROJECT_SOURCE_DIR}/policy ${PROJECT_SOURCE_DIR}/policy/compile)
endorun_unit_test(policy_implied policy_implied.c ${policy_front_fixture}
  LIBRARIES endorun_policy_front ${policy_libraries})
endorun_unit_test(policy_landlock policy_landlock.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
endorun_unit_test(policy_locate policy_locate.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
endorun_unit_test(policy_page policy_page.c ${policy_front_fixture} LIBRARIES endorun_policy_front)
target_compile_definitions(test_policy_page PRIVATE POLICY_PAGE="${PROJECT_SOURCE_DIR}/docs/policy.md")
add_test(NAME unit/policy_statements COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/check-policy-statements)
endorun_unit_test(policy_questions policy_questions.c LIBRARIES endorun_policy_decide)
target_include_directories(test_policy_questions PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/policy)
endorun_unit_test(policy_flags policy_flags.c LIBRARIES endorun_policy_front)
target_include_directories(test_policy_flags PRIVATE ${PROJECT_SOURCE_DIR})
