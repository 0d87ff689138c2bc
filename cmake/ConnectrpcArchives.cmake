# With CONNECTRPC_STATIC_DEPENDENCIES, libraries that are looked for between connectrpc_begin_archives() and
# connectrpc_end_archives() are found as archives (lib….a). They are for a program to take in, not for another shared library.
option(CONNECTRPC_STATIC_DEPENDENCIES "Link protobuf, OpenSSL, nghttp2, Boost.URL and the compressions as archives" OFF)

macro(connectrpc_begin_archives)
  if(CONNECTRPC_STATIC_DEPENDENCIES)
    set(connectrpc_suffixes_before "${CMAKE_FIND_LIBRARY_SUFFIXES}")
    set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
    set(Boost_USE_STATIC_LIBS ON)
  endif()
endmacro()

macro(connectrpc_end_archives)
  if(CONNECTRPC_STATIC_DEPENDENCIES)
    set(CMAKE_FIND_LIBRARY_SUFFIXES "${connectrpc_suffixes_before}")
  endif()
endmacro()
