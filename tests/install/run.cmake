# Installs the build to a fresh prefix, then configures, builds and runs the consumer project against it.
#   cmake -DBUILD=... -DSOURCE=... -DWORK=... -DCOMPILER=... -DFLAGS=... -DVERSION=... -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\nfailed (${result}):\n${text}")
  endif()
  set(OUTPUT "${text}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE}/consumer -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS}
    -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer ${SOURCE}/../../examples/specialists ${WORK})
if(NOT OUTPUT MATCHES "mod ${VERSION}")
  message(FATAL_ERROR "the consumer printed '${OUTPUT}', not version ${VERSION}")
endif()
run(${WORK}/prefix/bin/mod --version)
if(NOT OUTPUT MATCHES "${VERSION}")
  message(FATAL_ERROR "the installed program printed '${OUTPUT}', not version ${VERSION}")
endif()
