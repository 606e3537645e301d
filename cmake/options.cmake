# Language level, warnings and instrumentation; linked by every target as mod_options.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(MOD_CCACHE ccache)
if(MOD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MOD_CCACHE})
endif()

add_library(mod_options INTERFACE)
target_compile_options(mod_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                             -Wno-missing-field-initializers)
# g++ 12 sees overlaps and overruns in std::string that are not there (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(mod_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's std::stable_sort calls a helper that it deprecates itself; g++ reports our own uses.
  target_compile_options(mod_options INTERFACE -Wno-deprecated-declarations)
endif()
# One rounding at a time everywhere: a fused multiply-add would change bits between instruction sets.
target_compile_options(mod_options INTERFACE -ffp-contract=off)
if(MOD_WERROR)
  target_compile_options(mod_options INTERFACE -Werror)
endif()
if(MOD_SANITIZE)
  target_compile_options(mod_options INTERFACE -fsanitize=${MOD_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(mod_options INTERFACE -fsanitize=${MOD_SANITIZE})
endif()
if(MOD_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "MOD_BUILD_FUZZERS needs clang: use the preset `fuzz`")
  endif()
  # The whole program is instrumented; only the targets in tests/fuzz link libFuzzer's main().
  set(MOD_FUZZ_FLAGS -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                     -fno-sanitize-recover=all)
  target_compile_options(mod_options INTERFACE ${MOD_FUZZ_FLAGS})
  target_link_options(mod_options INTERFACE -fsanitize=address,undefined)
endif()
if(MOD_COVERAGE)
  target_compile_options(mod_options INTERFACE --coverage)
  target_link_options(mod_options INTERFACE --coverage)
endif()
