# connectrpc_generate(TARGET target PROTOS file.proto… [IMPORT_DIRS dir…] [OUT_DIR dir])
#
# Compiles the protos with protoc's C++ generator and with protoc-gen-connect-cpp, adds what comes out to `target`, and
# links `target` to connectrpc::connectrpc. The generated headers become part of its public include path.
#
#   PROTOS       relative to the current source folder, or absolute
#   IMPORT_DIRS  where imports are looked for; also what the protos' own paths, and so the paths of the generated files,
#                are relative to. Default: the current source folder
#   OUT_DIR      where the generated files go. Default: a folder of the target's own in the current binary folder, so that
#                several targets may generate the same proto
#
# Well-known types (google/protobuf/*.proto) are found without an import folder and need not be listed.

# A function keeps the policies under which it was read, whatever those of its caller.
cmake_policy(PUSH)
cmake_policy(VERSION 3.25)

# The import folder that `proto` lies in, and its path below it.
function(_connectrpc_proto_path proto import_dirs out_dir out_path)
  foreach(dir IN LISTS import_dirs)
    cmake_path(IS_PREFIX dir "${proto}" NORMALIZE inside)
    if(inside)
      cmake_path(RELATIVE_PATH proto BASE_DIRECTORY "${dir}" OUTPUT_VARIABLE path)
      set(${out_dir} "${dir}" PARENT_SCOPE)
      set(${out_path} "${path}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  string(REPLACE ";" ", " import_dirs "${import_dirs}")
  message(FATAL_ERROR "connectrpc_generate: ${proto} lies in none of the IMPORT_DIRS (${import_dirs})")
endfunction()

function(connectrpc_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;OUT_DIR" "PROTOS;IMPORT_DIRS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "connectrpc_generate: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET "${arg_TARGET}")
    message(FATAL_ERROR "connectrpc_generate: TARGET \"${arg_TARGET}\" is not a target")
  endif()
  get_target_property(binary_dir ${arg_TARGET} BINARY_DIR)
  if(NOT binary_dir STREQUAL CMAKE_CURRENT_BINARY_DIR)
    message(FATAL_ERROR "connectrpc_generate: call it in the folder that creates ${arg_TARGET}")
  endif()
  if(NOT arg_PROTOS)
    message(FATAL_ERROR "connectrpc_generate: no PROTOS for ${arg_TARGET}")
  endif()
  # Where connect-cpp is a subfolder of the project, what it found does not reach this far.
  if(NOT TARGET protobuf::protoc OR NOT TARGET protobuf::libprotobuf)
    find_package(Protobuf 3.21 REQUIRED)
  endif()
  if(NOT arg_IMPORT_DIRS)
    set(arg_IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  if(NOT arg_OUT_DIR)
    set(arg_OUT_DIR connectrpc_generated/${arg_TARGET})
  endif()
  cmake_path(ABSOLUTE_PATH arg_OUT_DIR BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" NORMALIZE)
  set(import_dirs "")
  set(import_flags "")
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH dir BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND import_dirs "${dir}")
    list(APPEND import_flags "-I${dir}")
  endforeach()

  set(generated "")
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    get_property(generated_proto SOURCE "${proto}" PROPERTY GENERATED)
    if(NOT EXISTS "${proto}" AND NOT generated_proto)
      message(FATAL_ERROR "connectrpc_generate: there is no file ${proto}")
    endif()
    _connectrpc_proto_path("${proto}" "${import_dirs}" import_dir path)
    cmake_path(REMOVE_EXTENSION path LAST_ONLY OUTPUT_VARIABLE base)
    set(base "${arg_OUT_DIR}/${base}")

    get_property(seen GLOBAL PROPERTY "_connectrpc_generated_by_${base}")
    if(seen)
      message(FATAL_ERROR "connectrpc_generate: ${path} is generated into ${arg_OUT_DIR} for ${seen} already; "
        "give ${arg_TARGET} another OUT_DIR")
    endif()
    set_property(GLOBAL PROPERTY "_connectrpc_generated_by_${base}" ${arg_TARGET})
    cmake_path(GET base PARENT_PATH folder)
    file(MAKE_DIRECTORY "${folder}")

    # empty_files: what comes out must not depend on whether the proto has a service, which CMake cannot know.
    # Sorted, as in protoc's dependency file: Ninja wants the first of both to be the same.
    set(outputs ${base}.connect.cc ${base}.connect.h ${base}.pb.cc ${base}.pb.h)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc
        --plugin=protoc-gen-connect-cpp=$<TARGET_FILE:connectrpc::protoc-gen-connect-cpp>
        --cpp_out=${arg_OUT_DIR} --connect-cpp_out=${arg_OUT_DIR} --connect-cpp_opt=empty_files
        --dependency_out=${base}.d ${import_flags} ${path}
      DEPENDS ${proto} $<TARGET_FILE:protobuf::protoc> $<TARGET_FILE:connectrpc::protoc-gen-connect-cpp>
      DEPFILE ${base}.d
      WORKING_DIRECTORY ${import_dir}
      COMMENT "Generating C++ from ${path}"
      VERBATIM)
    list(APPEND generated ${outputs})
    # protoc's own code is not free of warnings under -Wconversion.
    if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
      set_source_files_properties(${base}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
    endif()
  endforeach()

  target_sources(${arg_TARGET} PRIVATE ${generated})
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${arg_OUT_DIR}>)
  target_link_libraries(${arg_TARGET} PUBLIC connectrpc::connectrpc protobuf::libprotobuf)
endfunction()

cmake_policy(POP)
