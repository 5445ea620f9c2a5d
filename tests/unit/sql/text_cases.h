// SPDX-License-Identifier: Apache-2.0
// Text cases: a file of SQL texts, each with what is expected of it, and a rewrite mode (FRESHET_REWRITE=1) that
// writes what came out; the diff is the review. Grammar:
//   file := (comment | case)*    comment := "#" text    case := "> " text (newline "  " text)* newline ("= " text)+
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace freshet {

inline void RunTextCases(const std::string& path, const std::function<std::string(const std::string&)>& run) {
  std::ifstream in(path);
  ASSERT_TRUE(in.good()) << path;
  std::string line;
  std::ostringstream rewritten;
  std::string input;
  std::string expected;
  size_t cases = 0;
  const auto finish = [&] {
    if (input.empty()) return;
    const std::string actual = run(input);
    EXPECT_EQ(expected, actual) << "for: " << input << "\nin " << path;
    std::istringstream lines(actual);
    for (std::string out; std::getline(lines, out);) rewritten << "= " << out << "\n";
    ++cases;
    input.clear();
    expected.clear();
  };
  while (std::getline(in, line)) {
    if (!line.starts_with("= ") && line != "=") {
      if (!line.starts_with("  ")) finish();
      rewritten << line << "\n";
    }
    if (line.starts_with("> ")) input = line.substr(2);
    if (line.starts_with("  ")) input += "\n" + line.substr(2);
    if (line.starts_with("= ")) expected += (expected.empty() ? "" : "\n") + line.substr(2);
  }
  finish();
  EXPECT_GT(cases, 0u) << path;
  if (std::getenv("FRESHET_REWRITE") != nullptr) std::ofstream(path) << rewritten.str();
}

}  // namespace freshet
