# Everything comes from the distribution; nothing is downloaded. Each line names the Debian package.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)            # libfmt-dev
find_package(nlohmann_json REQUIRED)  # nlohmann-json3-dev
find_package(yaml-cpp REQUIRED)       # libyaml-cpp-dev
find_package(OpenSSL REQUIRED COMPONENTS Crypto)  # libssl-dev
find_package(OpenMP REQUIRED COMPONENTS CXX)  # with g++; libomp-19-dev for clang
find_package(CLI11 REQUIRED)          # libcli11-dev
find_package(PkgConfig REQUIRED)      # pkg-config
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)      # libpcre2-dev
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)          # libedit-dev
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)  # libutf8proc-dev
if(MOD_BUILD_TESTS)
  find_package(GTest REQUIRED)        # libgtest-dev
endif()
