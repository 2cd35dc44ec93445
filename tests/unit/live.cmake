# The tests of --live. Included by the directory's CMakeLists.txt.
set(command ${PROJECT_SOURCE_DIR}/loader/command)
endorun_unit_test(live_model live_model.c ${command}/live_model.c ${command}/message.c)
endorun_unit_test(live_render live_render.c ${command}/live_render.c ${command}/live_model.c
  ${command}/live_text.c ${command}/utf8.c ${command}/message.c)
endorun_unit_test(live_keys live_keys.c ${command}/live_keys.c)
foreach(test live_model live_render live_keys)
  target_compile_options(test_${test} PRIVATE -iquote ${command})
endforeach()
