# `cmake --install`: the program, the room libraries, the public headers and the package `mod`, whose one
# public target is mod::mod:   find_package(mod REQUIRED)   target_link_libraries(x PRIVATE mod::mod)
include(CMakePackageConfigHelpers)

get_property(MOD_ROOM_TARGETS DIRECTORY ${CMAKE_SOURCE_DIR}/src PROPERTY BUILDSYSTEM_TARGETS)

add_library(mod INTERFACE)
add_library(mod::mod ALIAS mod)
target_link_libraries(mod INTERFACE ${MOD_ROOM_TARGETS})
target_compile_features(mod INTERFACE cxx_std_20)

set(MOD_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mod)
install(TARGETS mod ${MOD_ROOM_TARGETS} EXPORT modTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS mod_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/mod DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/include/mod/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mod)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/NOTICE ${CMAKE_SOURCE_DIR}/README.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT modTargets NAMESPACE mod:: DESTINATION ${MOD_PACKAGE_DIR})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/modConfig.cmake.in
                              ${CMAKE_BINARY_DIR}/modConfig.cmake
                              INSTALL_DESTINATION ${MOD_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/modConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/modConfig.cmake ${CMAKE_BINARY_DIR}/modConfigVersion.cmake
        DESTINATION ${MOD_PACKAGE_DIR})

# `cpack` in the build folder makes a Debian package; its dependencies are read from the program.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mod-cpp)
set(CPACK_PACKAGE_CONTACT "the mod.cpp authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
