# One kernel body is compiled once for each instruction set; these are the flags of each copy.
# -O3 always: at -O2 g++ 12 leaves the loops scalar.
set(MOD_ISA_FLAGS_scalar -O3)
set(MOD_ISA_FLAGS_avx2 -O3 -mavx2 -mfma -mf16c -mbmi2)
set(MOD_ISA_FLAGS_avx512 -O3 -mavx2 -mfma -mf16c -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl
                         -mprefer-vector-width=512)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms inside its own AVX-512 header: _mm512_undefined_ps and its like.
  list(APPEND MOD_ISA_FLAGS_avx512 -Wno-maybe-uninitialized -Wno-uninitialized)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(MOD_ISAS scalar avx2 avx512)
else()
  set(MOD_ISAS scalar)
endif()
