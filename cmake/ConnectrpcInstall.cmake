# cmake --install: the library, its headers, the generator, and the package for find_package(connectrpc).
include(CMakePackageConfigHelpers)

file(STRINGS ${PROJECT_SOURCE_DIR}/include/connectrpc/version.h header_version REGEX "CONNECTRPC_VERSION_STRING")
if(NOT header_version MATCHES "\"${PROJECT_VERSION}\"")
  message(FATAL_ERROR "connectrpc/version.h and project(VERSION ${PROJECT_VERSION}) disagree: ${header_version}")
endif()
math(EXPR version_number
  "${PROJECT_VERSION_MAJOR} * 1000000 + ${PROJECT_VERSION_MINOR} * 1000 + ${PROJECT_VERSION_PATCH}")
file(STRINGS ${PROJECT_SOURCE_DIR}/include/connectrpc/version.h header_version REGEX "define CONNECTRPC_VERSION ")
if(NOT header_version MATCHES " ${version_number}$")
  message(FATAL_ERROR "connectrpc/version.h must say ${version_number} for ${PROJECT_VERSION}: ${header_version}")
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/connectrpc)

install(TARGETS connectrpc protoc-gen-connect-cpp EXPORT connectrpc-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/connectrpc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
get_property(parts GLOBAL PROPERTY CONNECTRPC_PARTS)
foreach(part IN LISTS parts)
  install(TARGETS connectrpc_${part} EXPORT connectrpc-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_BINARY_DIR}/src/connectrpc_generated/connectrpc_${part}/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/connectrpc/schemas FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT connectrpc-targets NAMESPACE connectrpc:: DESTINATION ${package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/connectrpc-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/connectrpc-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/connectrpc-dependencies.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/connectrpc-dependencies.cmake
  @ONLY)
# Before 1.0 every minor version may change the API.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/connectrpc-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/connectrpc-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/connectrpc-config-version.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/connectrpc-dependencies.cmake
  ${PROJECT_SOURCE_DIR}/cmake/ConnectrpcArchives.cmake
  ${PROJECT_SOURCE_DIR}/cmake/ConnectrpcGenerate.cmake
  DESTINATION ${package_dir})
