# How our own code is compiled: warnings, sanitizers, the compiler cache.
find_program(CONNECTRPC_CCACHE ccache)
if(CONNECTRPC_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CONNECTRPC_CCACHE})
endif()

if(CONNECTRPC_SANITIZE)
  add_compile_options(-fsanitize=${CONNECTRPC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CONNECTRPC_SANITIZE})
endif()

add_library(connectrpc_warnings INTERFACE)
target_compile_options(connectrpc_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor)
if(CONNECTRPC_WERROR)
  target_compile_options(connectrpc_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes the frame allocation of Asio's coroutines for a mismatched new/delete pair, and its thread sanitizer
  # says that it does not understand std::atomic_thread_fence in Asio; both are false and gone in GCC 13.
  target_compile_options(connectrpc_warnings INTERFACE -Wno-mismatched-new-delete)
  if(CONNECTRPC_SANITIZE STREQUAL "thread")
    target_compile_options(connectrpc_warnings INTERFACE -Wno-tsan)
  endif()
endif()
