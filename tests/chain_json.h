// A long chain in MXNet's JSON.
//
//   ChainJson(3)  // x + 1 + 1 + 1
#ifndef MINNOW_TESTS_CHAIN_JSON_H_
#define MINNOW_TESTS_CHAIN_JSON_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace minnow {

inline std::string ChainJson(int length) {
  std::string json = R"({"nodes": [{"op": "null", "name": "x", "inputs": []})";
  for (int i = 0; i < length; ++i) {
    absl::StrAppend(&json, R"(, {"op": "_plus_scalar", "name": "plus)", i,
                    R"(", "attrs": {"scalar": "1"}, "inputs": [[)", i,
                    ", 0, 0]]}");
  }
  absl::StrAppend(&json, R"(], "arg_nodes": [0], "heads": [[)", length,
                  ", 0, 0]]}");
  return json;
}

}  // namespace minnow

#endif  // MINNOW_TESTS_CHAIN_JSON_H_
