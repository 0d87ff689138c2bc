// The table of scenarios that a client runs, and the line of JSON that it prints for each.
#pragma once

#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "interop/v1/interop.pb.h"

namespace interop {

inline v1::Scenarios read_scenarios(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  v1::Scenarios table;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &table);
  if (!status.ok()) throw std::runtime_error(path + ": " + status.ToString());
  return table;
}

inline void print_outcome(const v1::Outcome& outcome) {
  std::string line;
  const auto status = google::protobuf::util::MessageToJsonString(outcome, &line);
  if (!status.ok()) throw std::runtime_error(outcome.scenario() + ": " + status.ToString());
  std::cout << line << std::endl;
}

}  // namespace interop
