# Fails if a kernel object that was compiled for one instruction set defines a weak function: the linker
# may pick that copy for the whole program, which then crashes processors without the instructions.
set(checked 0)
foreach(object ${OBJECTS})
  if(object MATCHES "kernels_(avx2|avx512)")
    execute_process(COMMAND ${NM} --defined-only ${object} OUTPUT_VARIABLE symbols
                    COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[0-9a-f]+ [WwuTi] [^\n]+" shared "${symbols}")
    if(shared)
      message(FATAL_ERROR "${object} defines functions that other objects may be linked to: ${shared}")
    endif()
    math(EXPR checked "${checked} + 1")
  endif()
endforeach()
message(STATUS "${checked} kernel objects share no code")
