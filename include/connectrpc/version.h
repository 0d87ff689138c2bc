// Which connect-cpp this is.
#pragma once

/// The version as one number that grows: major * 1'000'000 + minor * 1'000 + patch. Generated code compares it with the
/// oldest runtime it can work with. Matches the CMake project's version.
#define CONNECTRPC_VERSION 1000

/// The same for people: "major.minor.patch".
#define CONNECTRPC_VERSION_STRING "0.1.0"
